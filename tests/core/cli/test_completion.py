"""Words that somebody may have meant, and scripts that complete them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bookstore_core.cli.command import all_verbs
from harness.command import Run

#: How to ask each shell for completions of `jupyter bookstore sho` and of an option.
ASKED = {
    "bash": """
_before() { echo "before: ${COMP_WORDS[1]}"; }
complete -F _before jupyter
source ./script
COMP_WORDS=(jupyter lab) COMP_CWORD=1
_jupyter_bookstore
COMP_WORDS=(jupyter bookstore sho) COMP_CWORD=2
_jupyter_bookstore
echo "${COMPREPLY[@]}"
COMP_WORDS=(jupyter-bookstore label --comm) COMP_CWORD=2
_bookstore
echo "${COMPREPLY[@]}"
""",
    "zsh": """
autoload -Uz compinit && compinit -u -d dump
_before() { print "before: $words[2]" }
compdef _before jupyter
source ./script
compadd() { print -r -- "${@[-1]}" "$@" }
_describe() { print -rl -- $verbs }
words=(jupyter lab) CURRENT=2; _jupyter_bookstore
words=(jupyter bookstore sho) CURRENT=3 PREFIX=sho; _jupyter_bookstore
words=(jupyter-bookstore label --comm) CURRENT=3 PREFIX=--comm; _bookstore
""",
    "fish": """
complete -c jupyter -n 'test (count (commandline -opc)) -eq 1' -a '"before: lab"'
source ./script
complete -C 'jupyter '
complete -C 'jupyter bookstore sho'
complete -C 'jupyter-bookstore label --comm'
""",
}


@pytest.mark.parametrize("shell", ASKED)
def test_a_shell_completes_verbs_and_options_and_what_it_did_before(
    run: Run, tmp_path: Path, shell: str
) -> None:
    script = run("completion", shell)
    assert script.code == 0
    (tmp_path / "script").write_text(script.out)
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    found = subprocess.run(
        [shell, "-c", ASKED[shell]],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "dumb"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "show" in found.stdout, found.stderr
    assert "--comment" in found.stdout
    assert "before: lab" in found.stdout


def test_a_script_has_every_verb_and_another_shell_is_refused(run: Run) -> None:
    assert all(name in run("completion", "bash").out for name in all_verbs())
    refused = run("completion", "fihs")
    assert refused.code == 2
    assert "Did you mean fish?" in refused.err


def test_a_verb_and_an_option_that_were_meant_are_named(run: Run) -> None:
    assert "Did you mean show?" in run("shwo", "a.ipynb").err
    refused = run("versions", "a.ipynb", "--limti=3")
    assert refused.code == 2
    assert "Did you mean --limit?" in refused.err
    assert "Did you mean" not in run("versions", "--zzz").err
