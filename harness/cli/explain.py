"""`drill explain WORD`: any word of a drill file, or a finding's reason code, from the docstrings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from harness.drill.glossary import Entry


def _words(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    from harness.drill.glossary import words

    return [CompletionItem(word) for word in words() if word.startswith(begun)]


@click.command(
    "explain", epilog="Examples:  drill explain latency      drill explain steady.within      drill explain not_watched"
)
@click.argument("word", required=False, shell_complete=_words)
def command(word: str | None) -> None:
    """Explain WORD: a fault, an expectation, a key of a drill file, or a reason code. Without WORD: all words."""
    from harness.drill.glossary import meanings, words
    from harness.drill.problem import did_you_mean
    from harness.errors import UsageError
    from harness.parts import in_use

    in_use.use()
    if word is None:
        for line in listed():
            click.echo(line)
        return
    found = meanings(word)
    if not found:
        hint = did_you_mean(word, words()) or "; `drill explain` lists all words"
        raise UsageError(f"'{word}' is neither a word of a drill file nor a reason code{hint}")
    for number, entry in enumerate(found):
        if number:
            click.echo("")
        for line in told(entry):
            click.echo(line)


def told(entry: Entry) -> Iterator[str]:
    """One meaning as lines."""
    yield f"{entry.word}   {entry.kind}{f', at {entry.place}' if entry.place else ''}"
    yield from (f"    {line}".rstrip() for line in entry.text.splitlines())
    if entry.fields:
        width = max(len(name) for name, _ in entry.fields)
        yield ""
        yield "    under it:"
        yield from (f"      {name:<{width}}  {text}".rstrip() for name, text in entry.fields)


def listed() -> Iterator[str]:
    """All words, by kind."""
    import textwrap

    from harness.drill.glossary import entries

    kinds: dict[str, dict[str, None]] = {}
    for entry in entries():
        kinds.setdefault(entry.kind, {})[entry.word] = None
    for kind, words in kinds.items():
        title = f"{kind}s"
        yield from textwrap.wrap(
            ", ".join(words), 110, initial_indent=f"{title:<14}", subsequent_indent=" " * 14, break_on_hyphens=False
        )
