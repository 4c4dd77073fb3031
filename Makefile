# Two commands: `make rehearsal` and `make test`. Both set up what they need first, and do nothing twice.
#
#   make rehearsal [DRILL=friday-traffic] run a drill; prints the verdict and where the run's files lie
#   make test                            unit, calibration, browser (Chromium), wire (a real Toxiproxy) and end-to-end (Docker) tests
#   make controls [ONLY=NAME]            what a rehearsal must say of a stack that is broken on purpose; resumes; docs/controls.md
#   make kills                           a run killed at twenty instants, mended, judged; resumes; docs/kills.md
#   make torture [ONLY=NAME]             a run killed at every seam and at random, and what it stands on taken away; resumes; docs/torture.md
#   make torture-short                   ten of those kills, and a few seams
#   make lies [ONLY=NAME]                what the judge says of a service that does not tell the truth; resumes; docs/lies.md
#   make rollbacks [ONLY=NAME]            what the drills about releases say of a way back that does not lead back; resumes; docs/rollbacks.md
#   make calibration [RUNS="FOLDER …"]    how often the judge is wrong, on simulated runs; remakes docs/calibration.md (long)
#   make calibration-orders              the same of the order book; remakes docs/orders.md
#   make calibration-returns             the same of what is said of a return from a release; remakes docs/returns.md
#   make soak [MINUTES=60] [RATE=20]      one long drill: memory, handles, and its journal read as it grows; docs/soak.md
#   make staging                         friday-traffic, unchanged, with --target on a system that runs already (docs/staging.md)
#   make strangers [ONLY=NAME]           `drill init` and its drill on applications that nobody wrote for it; docs/strangers.md
#   make fuzz [SECONDS=20] [ONLY=NAME]   bad input for every reader of what comes from outside; remakes docs/fuzzing.md
#   make audit                           known vulnerabilities of what requirements.lock pins, where a service can be asked
#   make bench                           the benchmarks: each a ratio of two things measured in turn
#   make lint                            ruff and mypy --strict
#   make lock                            requirements.lock from pyproject.toml
#
# make itself ends with 2 whenever a command fails; the command's own code stands in the line before.

PYTHON := .venv/bin/python
DRILL ?= friday-traffic
ONLY ?=
RUNS ?=
NULL ?= 500
SEEDS ?= 100
OTHERS ?= 20
MINUTES ?= 60
RATE ?= 20
SECONDS ?= 20

.PHONY: rehearsal test controls kills lies rollbacks torture torture-short calibration calibration-orders calibration-returns soak staging strangers fuzz audit bench lint lock ready venv browser
.DEFAULT_GOAL := rehearsal
.NOTPARALLEL:

rehearsal: ready
	@$(PYTHON) -m harness run $(DRILL); code=$$?; \
	case $$code in 2|4) ;; *) [ ! -d runs/latest ] || echo "left in $$(cd -P runs/latest && pwd)" ;; esac; \
	echo "drill run $(DRILL) ended with $$code"; exit $$code

test: ready browser
	@tools/test

controls kills lies rollbacks torture: ready
	@PYTHONPATH=tests $(PYTHON) -m matrix $@ $(if $(ONLY),--only "$(ONLY)")

torture-short: ready
	@$(PYTHON) -m pytest tests/e2e/test_torture.py

calibration: venv
	@PYTHONPATH=tests $(PYTHON) -m calibration --null $(NULL) --seeds $(SEEDS) --others $(OTHERS) $(RUNS)

calibration-orders: venv
	@PYTHONPATH=tests $(PYTHON) -m calibration.orders_page

calibration-returns: venv
	@PYTHONPATH=tests $(PYTHON) -m calibration.returns

soak: ready
	@PYTHONPATH=tests $(PYTHON) -m soak --minutes $(MINUTES) --rate $(RATE)

staging: ready
	@PYTHONPATH=tests $(PYTHON) -m staging; code=$$?; echo "drill run friday-traffic --target staging ended with $$code"; [ $$code -eq 3 ]

strangers: ready
	@PYTHONPATH=tests $(PYTHON) -m strangers $(if $(ONLY),--only "$(ONLY)")

fuzz: venv
	@PYTHONPATH=tests $(PYTHON) -m fuzz --seconds $(SECONDS) $(if $(ONLY),--only "$(ONLY)")

audit: venv
	@tools/audit

bench: ready
	@for bench in tests/benchmarks/bench_*.py; do echo "$$bench"; $(PYTHON) $$bench || exit $$?; done

lint: venv
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

lock: venv
	$(PYTHON) -m uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet --output-file requirements.lock

ready: venv
	@$(PYTHON) -m harness doctor --fix; code=$$?; [ $$code -eq 0 ] || echo "drill doctor --fix ended with $$code"; exit $$code

browser:
	@tools/browser

venv:
	@tools/prepare; code=$$?; [ $$code -eq 0 ] || echo "tools/prepare ended with $$code"; exit $$code
