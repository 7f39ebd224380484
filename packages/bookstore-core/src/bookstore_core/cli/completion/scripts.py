"""Scripts that let shells complete `jupyter bookstore`: its verbs and options."""

from collections.abc import Callable, Iterator, Mapping

from bookstore_core.cli.command import Verb

Verbs = Mapping[str, type[Verb]]

BASH = r"""
_bookstore() {
    local cur=${COMP_WORDS[COMP_CWORD]} at=1 options=
    [[ ${COMP_WORDS[0]##*/} == jupyter ]] && at=2
    COMPREPLY=()
    if (( COMP_CWORD == at )); then
        COMPREPLY=($(compgen -W "@VERBS@" -- "$cur"))
    elif [[ $cur == -* ]]; then
        case ${COMP_WORDS[at]} in
@CASES@
        esac
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
    fi
}
_jupyter_bookstore() {
    if (( COMP_CWORD > 1 )) && [[ ${COMP_WORDS[1]} == bookstore ]]; then
        _bookstore
    elif [[ -n $_bookstore_before ]]; then
        "$_bookstore_before" "$@"
    elif (( COMP_CWORD == 1 )); then
        COMPREPLY=($(compgen -W bookstore -- "${COMP_WORDS[1]}"))
    fi
}
_bookstore_before=$(complete -p jupyter 2>/dev/null | sed -n 's/.*-F \([^ ]*\).*/\1/p')
[[ $_bookstore_before == _jupyter_bookstore ]] && _bookstore_before=
complete -o default -F _bookstore jupyter-bookstore
complete -o default -F _jupyter_bookstore jupyter
"""

ZSH = r"""
_bookstore() {
    local at=2
    local -a verbs options
    [[ ${words[1]:t} == jupyter ]] && at=3
    if (( CURRENT == at )); then
        verbs=(
@DESCRIBED@
        )
        _describe verb verbs
    elif [[ $PREFIX == -* ]]; then
        case ${words[at]} in
@CASES@
        esac
        compadd -- ${=options}
    else
        _files
    fi
}
_jupyter_bookstore() {
    if (( CURRENT > 2 )) && [[ ${words[2]} == bookstore ]]; then
        _bookstore
    elif [[ -n $_bookstore_before ]]; then
        $_bookstore_before "$@"
    elif (( CURRENT == 2 )); then
        compadd bookstore
    else
        _files
    fi
}
compdef _bookstore jupyter-bookstore
_bookstore_before=${_comps[jupyter]}
[[ $_bookstore_before == _jupyter_bookstore ]] && _bookstore_before=
compdef _jupyter_bookstore jupyter
"""

FISH = r"""
complete -c jupyter -n 'test (count (commandline -opc)) -eq 1' -f -a bookstore
function __bookstore_at
    set -l words (commandline -opc)
    if string match -qr '(^|/)jupyter$' -- $words[1]
        test "$words[2]" = bookstore; or return 1
        set -e words[1]
    end
    if set -q argv[1]
        test "$words[2]" = $argv[1]
    else
        test (count $words) -eq 1
    end
end
for name in jupyter jupyter-bookstore
@LINES@
end
"""


def _options(verb: type[Verb]) -> list[str]:
    names = {*verb.aliases, *verb.flags, "help"}
    return sorted(f"--{name}" for name in names if len(name) > 1)


def _said(verb: type[Verb]) -> str:
    """Return the first line about a verb, for between single quotes."""
    line = (verb.description or "").strip().splitlines()[0]
    return line.replace("'", "").rstrip(".")


def _cases(verbs: Verbs) -> str:
    lines = (
        f'{name}) options="{" ".join(_options(verb))}" ;;'
        for name, verb in verbs.items()
    )
    return "\n".join(f"        {line}" for line in lines)


def _bash(verbs: Verbs) -> str:
    return BASH.replace("@VERBS@", " ".join(verbs)).replace("@CASES@", _cases(verbs))


def _zsh(verbs: Verbs) -> str:
    described = "\n".join(
        f"            '{name}:{_said(verb)}'" for name, verb in verbs.items()
    )
    text = ZSH.replace("@DESCRIBED@", described)
    return text.replace("@CASES@", _cases(verbs))


def _fish(verbs: Verbs) -> str:
    return FISH.replace("@LINES@", "\n".join(_fish_lines(verbs)))


def _fish_lines(verbs: Verbs) -> Iterator[str]:
    for name, verb in verbs.items():
        yield f"    complete -c $name -n __bookstore_at -f -a {name} -d '{_said(verb)}'"
        for option in _options(verb):
            long = option.removeprefix("--")
            yield f"    complete -c $name -n '__bookstore_at {name}' -l {long}"


#: What makes the script of each shell.
SCRIPTS: Mapping[str, Callable[[Verbs], str]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
}
