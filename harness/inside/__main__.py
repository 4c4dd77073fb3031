"""`python3 -m harness.inside keeper|lanes|lookout|metrics|pager|toxics|traces|watchdog …`: the helpers of the harness image (`metrics` aside, standard library only)."""

import importlib
import sys

HELPERS = ("keeper", "lanes", "lookout", "metrics", "pager", "toxics", "traces", "watchdog")


def main(argv: list[str]) -> int:
    """Run the named helper with the rest of the arguments; returns its exit code (2 for a name that is none)."""
    if not argv or argv[0] not in HELPERS:
        print(f"usage: python3 -m harness.inside {'|'.join(HELPERS)} …", file=sys.stderr)
        return 2
    return int(importlib.import_module(f"harness.inside.{argv[0]}").main(argv[1:]) or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
