"""docs/strangers.md from the lines of docs/strangers.jsonl: the last play of each application. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]
HEAD = """# Applications that nobody wrote for this

`make strangers` takes real applications, packaged by others, each in a Compose project as its owner would write it (`tests/strangers/`), and plays
`drill init`, `drill validate`, `drill edges` and `drill run` in a clean copy of its folder, without an edit. Images are built before the clock
starts; the project itself begins empty each time, so each installs itself once while `drill init` looks, and once for the run.
The true edges are written by hand, from the application's own files (`tests/strangers/NAME.edges`).

"""


def page(lines: Sequence[Line], true: Mapping[str, Mapping[str, str]]) -> str:
    """The page. `true`: of each application its edges and why each is one."""
    last = {str(line["application"]): line for line in lines}
    shown = [last[name] for name in true if name in last]
    return HEAD + "\n".join([*_table(shown, true), "", *(row for line in shown for row in _one(line, true))])


def _table(lines: Sequence[Line], true: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    yield "| application | `drill init` | `drill run` | to the first verdict | edges found of the true ones | verdict | when, commit, load average |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for line in lines:
        name, found = str(line["application"]), _ids(line)
        hits = sum(edge in found for edge in true[name])
        run_s = line.get("run_s")
        whole = f"{line['init_s'] + run_s:.0f} s" if run_s is not None else "none"
        yield (
            f"| [{name}](#{name}) | {line['init_s']:.0f} s | {f'{run_s:.0f} s' if run_s is not None else 'not run'} | {whole} "
            f"| {hits} of {len(true[name])} | **{line.get('verdict', 'none')}** "
            f"| {line['at']}, {line['commit']}, {line['load']:g} on {line['cpus']} CPUs |"
        )
    for name in sorted(set(true) - {str(line["application"]) for line in lines}):
        yield f"| {name} | not played yet: `make strangers ONLY={name}` | | | | none | |"


def _one(line: Line, true: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    name = str(line["application"])
    yield from (f"## {name}", "")
    if line.get("told"):
        yield from ("It came to no verdict:", "", "```", str(line["told"]).strip(), "```", "")
    yield f"{_sentence(str(line['hurt']))} It asks for {', '.join(f'`{one}`' for one in line.get('asked') or ())}."
    yield ""
    yield from _edges(line, true[name])
    if line.get("phases"):
        yield from ("| phase | requests | errors | p95 |", "| --- | --- | --- | --- |")
        for phase in line["phases"]:
            p95 = f"{phase['p95_ms']:.0f} ms" if phase["p95_ms"] is not None else "none"
            yield f"| {phase['name']} | {phase['requests']} | {phase['errors']} | {p95} |"
        yield ""
    for finding in line.get("findings") or ():
        where = f"{finding['phase']}: " if finding["phase"] else ""
        yield f"* **{finding['outcome']}** {where}`{finding['text']}`: {finding['because']}"
    yield ""
    if line["cannot"]:
        yield from ("What it says it cannot judge:", "")
        yield from (f"* {one}" for one in line["cannot"])
        yield ""
    if line.get("verdict"):
        yield from (f"![The first screen of {name}'s report](strangers-{name}.png)", "")


def _edges(line: Line, true: Mapping[str, str]) -> Iterator[str]:
    found = _ids(line)
    yield from ("| edge | true, because | `drill edges` |", "| --- | --- | --- |")
    for edge in (*true, *(one for one in found if one not in true)):
        told = "missing" if edge not in found else f"found, left as it is: {found[edge]}" if found[edge] else "found"
        yield f"| `{edge}` | {true.get(edge, '**no**: nothing calls it')} | {told} |"
    yield ""


def _ids(line: Line) -> dict[str, str]:
    return {str(edge["id"]): str(edge["refused"]) for edge in line.get("edges") or ()}


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
