"""`drill schema`: the JSON Schema of drill files, for editors."""

from __future__ import annotations

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of drill files, with the words of the project's own parts.

    An editor uses it when a drill begins with
    `# yaml-language-server: $schema=../harness/schema/drill.v1.json`.
    """
    from harness.drill.schema import text
    from harness.parts import in_use

    in_use.use()
    click.echo(text(), nl=False)
