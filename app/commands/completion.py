"""sightline completion: what a shell needs to complete commands and options."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes SHELL complete sightline's commands and options when Tab is pressed.

    \b
      sightline completion bash >> ~/.bashrc
      sightline completion zsh >> ~/.zshrc
      sightline completion fish > ~/.config/fish/completions/sightline.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(context.find_root().command, {}, "sightline", "_SIGHTLINE_COMPLETE").source())
