"""`drill schema`: the JSON Schema of drill files, for editors."""

from __future__ import annotations

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of drill files.

    An editor uses it when a drill begins with
    `# yaml-language-server: $schema=../harness/schema/drill.v1.json`.
    """
    from harness.drill.schema import text

    click.echo(text(), nl=False)
