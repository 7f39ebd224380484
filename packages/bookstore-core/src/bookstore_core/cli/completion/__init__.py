"""`jupyter bookstore completion`: scripts that let shells complete the command."""

from bookstore_core.cli.command import Verb, all_verbs
from bookstore_core.cli.completion.scripts import SCRIPTS
from bookstore_core.cli.given.nearest import did_you_mean
from bookstore_core.errors import InvalidRequestError


class CompletionApp(Verb):
    """Print a script that lets a shell complete verbs and options: bash, zsh or fish.

    Exit codes: 0 done, 2 an unknown shell.
    """

    name = "jupyter-bookstore-completion"
    description = __doc__
    examples = """
    eval "$(jupyter bookstore completion bash)"  # in ~/.bashrc
    eval "$(jupyter bookstore completion zsh)"   # in ~/.zshrc, after compinit
    jupyter bookstore completion fish | source   # in ~/.config/fish/config.fish
    """
    words = ("SHELL",)

    def run(self) -> int:
        shell = self.extra_args[0]
        if shell not in SCRIPTS:
            raise InvalidRequestError(
                f"There is no script for the shell {shell!a}, only for bash, zsh and "
                f"fish.{did_you_mean(shell, SCRIPTS)}"
            )
        print(SCRIPTS[shell](all_verbs()).strip())
        return 0
