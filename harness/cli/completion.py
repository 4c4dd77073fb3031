"""`drill completion SHELL`: what makes the shell complete commands, options, drills and runs."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash:  eval "$(drill completion bash)"     in ~/.bashrc
    zsh:   eval "$(drill completion zsh)"      in ~/.zshrc, after compinit
    fish:  drill completion fish > ~/.config/fish/completions/drill.fish
    """
    click.echo(script(shell))


def script(shell: str) -> str:
    """The script: it calls `drill` itself for what may come next."""
    from click.shell_completion import get_completion_class

    from harness.cli import COMPLETING, group

    found = get_completion_class(shell)
    assert found is not None, shell
    made = found(group, {}, "drill", COMPLETING)
    return str(made.source_template % made.source_vars())
