"""The `jupyter bookstore` command: one program, a verb for each task.

Exit codes, the same for every verb:

    0  done, no problems
    1  it failed, or (doctor) found problems
    2  the command line, or a value in it, is not valid
    3  the configuration cannot work
    4  there is no such notebook, version, bucket or folder
    5  the store or the settings refuse it
    6  it conflicts with something that exists
    7  the store or the spool cannot be reached now; try again later
    8  the notebook failed when it was run (run)
    9  there is no such kernel (run)
    10 a result waits in the spool (run)
"""

import errno
import io
import json
import os
import sys
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from inspect import cleandoc, unwrap
from typing import Any, ClassVar, NoReturn

from jupyter_core.application import JupyterApp, NoStart
from traitlets import Bool, TraitError
from traitlets.config import Application, Config, Configurable
from traitlets.config.loader import ArgumentError
from traitlets.traitlets import MetaHasTraits

from bookstore_core import __version__
from bookstore_core.cli.given.here import needing_here
from bookstore_core.cli.given.nearest import did_you_mean
from bookstore_core.errors import (
    BookstoreError,
    BusyError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NoKernelError,
    NotFoundError,
    SpoolError,
    StorageUnavailableError,
)
from bookstore_core.jupyter.config_files import load_config, load_settings
from bookstore_core.settings import BookstoreSettings

#: Packages add verbs to this group: ``VERB = "module:Class"``, a subclass of `Verb`.
ENTRY_POINT_GROUP = "bookstore.commands"

#: Options that every traitlets application accepts besides its flags and aliases.
OPTIONS_OF_ALL = ("h", "help", "help-all", "version", "show-config", "show-config-json")

EXIT_CODES: dict[type[BookstoreError], int] = {
    BookstoreError: 1,
    InvalidRequestError: 2,
    ConfigurationError: 3,
    NotFoundError: 4,
    NoKernelError: 9,
    ForbiddenError: 5,
    ConflictError: 6,
    StorageUnavailableError: 7,
    BusyError: 7,
    SpoolError: 7,
}


def exit_code(error: BookstoreError) -> int:
    """Return the exit code of an error: the one of its nearest class in the table."""
    return next(EXIT_CODES[cls] for cls in type(error).__mro__ if cls in EXIT_CODES)


class _Abstract(MetaHasTraits, ABCMeta):
    """Metaclass of applications with abstract methods."""


class Verb(JupyterApp, metaclass=_Abstract):
    """Base class of verbs: reads the Jupyter config files and reports errors.

    A subclass implements `run`, which returns the exit code. A BookstoreError is
    printed to standard error and sets the exit code. `words` are the names of the
    arguments in `extra_args`, as the help shows them: in brackets if optional, with
    dots if repeatable.
    """

    words: ClassVar[tuple[str, ...]] = ()

    # traitlets declares these four as plain attributes.
    classes = [BookstoreSettings]  # noqa: RUF012
    version = __version__
    as_json = Bool(False, help="Print JSON for programs.").tag(config=True)
    flags = {  # noqa: RUF012
        "json": ({"Verb": {"as_json": True}}, "Print JSON for programs."),
        "debug": ({"Application": {"log_level": 10}}, "Log everything."),
    }
    aliases = {"log-level": "Application.log_level"}  # noqa: RUF012

    def load_config_file(  # type: ignore[override]  # as JupyterApp's own
        self, suppress_errors: bool = True
    ) -> None:
        """Load the notebook server's config files; the command line overrides them."""
        self.update_config(load_config().config)

    def settings(self) -> BookstoreSettings:
        """Return the settings from config files, command line and environment.

        Prints a note for each wrong value in a config file. Raises InvalidRequestError
        for one on the command line.
        """
        settings = load_settings(self.config)
        given = self.cli_config.get(BookstoreSettings.__name__, {})
        for name, sentence in settings.wrong.items():
            if name in given:
                raise InvalidRequestError(f"Invalid options: {sentence}")
            if not self._warned:
                self.print_note(f"A setting is wrong. {sentence}")
        self._warned = True
        return settings

    _warned = False

    def initialize(self, argv: list[str] | None = None) -> None:
        try:
            super().initialize(self._sort(sys.argv[1:] if argv is None else argv))
        except BookstoreError as error:
            self.fail(error)

    def start(self) -> None:
        try:
            super().start()
            self._check_words()
            _prepare_output()
            with needing_here():
                code = self.run()
            sys.stdout.flush()
        except NoStart:
            return
        except BrokenPipeError:
            _drop_output()  # the reader has closed the pipe
            self.exit(1)
        except OSError as error:
            self.log.debug("The command failed.", exc_info=True)
            _drop_output()
            self.fail(BookstoreError(f"The command failed: {_said(error)}"))
        except BookstoreError as error:
            self.fail(error)
        except KeyboardInterrupt:
            self.exit(130)
        if code:
            self.exit(code)

    @property
    def usage(self) -> str:
        """How to call the verb, without its options."""
        verb = self.name.removeprefix("jupyter-bookstore-")
        return " ".join(("jupyter bookstore", verb, *self.words))

    def emit_examples(self) -> Generator[str, None, None]:
        self.examples = cleandoc(str(self.examples))  # else the first line alone is
        yield from super().emit_examples()

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Parse the options; raises InvalidRequestError for an invalid value."""
        # The decorated method logs the error and exits with 1.
        parse = unwrap(Application.parse_command_line)
        try:
            parse(self, argv)
        except (TraitError, ArgumentError) as error:
            raise InvalidRequestError(f"Invalid options: {error}") from None

    def _sort(self, argv: list[str]) -> list[str]:
        """Return the options with their values, then the other arguments.

        argparse refuses arguments after an option that follows arguments. Raises
        InvalidRequestError for an unknown option; traitlets would accept it as one with
        a value.
        """
        options: list[str] = []
        words: list[str] = []
        waiting = iter(argv)
        for word in waiting:
            name, has_value, _ = word.lstrip("-").partition("=")
            if word == "--":
                words += waiting
            elif not word.startswith("-") or not name:
                words.append(word)
            else:
                if self._is_glued(word, name):
                    options += [word[:2], word[2:]]
                    continue
                self._check_trait(word, name)
                options.append(word)
                if self._takes_value(word, name) and not has_value:
                    value = next(waiting, None)
                    if value is None:
                        raise InvalidRequestError(f"Option {word} requires a value.")
                    options.append(value)
        return [*options, "--", *words] if words else options

    def _is_glued(self, word: str, name: str) -> bool:
        short = not word.startswith("--") and name not in self.aliases
        return short and word[1:2] in self.aliases

    def _check_trait(self, word: str, name: str) -> None:
        """Raise InvalidRequestError for an option of ours such as ``--Verb.as_jsno``.

        traitlets would warn only, and the verb would work without it.
        """
        if not word.startswith("--") or "." not in name:
            return
        given, _, trait = name.partition(".")
        configured = [c for c in type(self).__mro__ if issubclass(c, Configurable)]
        ours = {known.__name__: known for known in (*configured, *self.classes)}
        settings = get_close_matches(given, [BookstoreSettings.__name__], cutoff=0.85)
        for found in {given} & {*ours} or settings:
            known = ours[found].class_trait_names(config=True)
            if found != given or trait.partition(".")[0] not in known:
                there = [f"{found}.{one}" for one in known]
                meant = did_you_mean(f"{found}.{trait}", there, mark="--")
                raise InvalidRequestError(f"Unknown option {word!a}.{meant}")

    def _takes_value(self, word: str, name: str) -> bool:
        if name in self.aliases or ("." in name and word.startswith("--")):
            return True
        if name in self.flags or name in OPTIONS_OF_ALL:
            return False
        known = (*self.aliases, *self.flags, *OPTIONS_OF_ALL)
        raise InvalidRequestError(
            f"Unknown option {word!a}.{did_you_mean(name, known, mark='--')} "
            f"'{self.usage} --help' lists the options."
        )

    def _check_words(self) -> None:
        given, needed = self.extra_args, [w for w in self.words if w[0] != "["]
        endless = any("..." in word for word in self.words)
        if len(given) < len(needed):
            raise InvalidRequestError(f"Missing argument. Usage: {self.usage}")
        if len(given) > len(self.words) and not endless:
            extra = given[len(self.words)]
            raise InvalidRequestError(
                f"Unexpected argument {extra!a}. Usage: {self.usage}"
            )

    @abstractmethod
    def run(self) -> int:
        """Do the work and return the exit code."""

    def fail(self, error: BookstoreError) -> None:
        """Print the error and exit with its exit code."""
        print(f"jupyter bookstore: {error}", file=sys.stderr)
        self.exit(exit_code(error))

    def print_note(self, sentence: str) -> None:
        """Print a sentence for people to standard error, apart from the output."""
        print(sentence, file=sys.stderr)

    def show(self, value: Any, lines: Iterable[str]) -> None:
        """Print `value` as JSON with `--json`, else print the lines."""
        if self.as_json:
            print(json.dumps(value, indent=2, default=str))
        else:
            for line in lines:
                print(line)


def _open_closed_streams() -> None:
    """Open the null device where our parent closed a standard stream.

    Otherwise a file that is opened later is taken for it, and a process that we start,
    such as a kernel, has none.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
            os.set_inheritable(opened, True)
    for name, mode in {"stdin": "r", "stdout": "w", "stderr": "w"}.items():
        if getattr(sys, name) is None:  # as Python leaves one that is closed
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _prepare_output() -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Escape characters that the terminal's encoding does not have.
        sys.stdout.reconfigure(errors="backslashreplace")


def _said(error: OSError) -> str:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT) or error.filename is not None:
        return f"{error}."
    return (
        f"{error.strerror}. Free space where its output goes, or where temporary files "
        "are (the variable TMPDIR can name another directory), and run it again."
    )


def _drop_output() -> None:
    # Python must not try to write the rest again when it exits.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _verbs() -> dict[str, EntryPoint]:
    return {found.name: found for found in entry_points(group=ENTRY_POINT_GROUP)}


def all_verbs() -> dict[str, type[Verb]]:
    """Return the verbs of all installed packages, by their names."""
    return {name: found.load() for name, found in sorted(_verbs().items())}


class BookstoreApp(JupyterApp):
    """Versions of Jupyter notebooks: list, show, compare and restore them."""

    name = "jupyter-bookstore"
    version = __version__
    description = __doc__
    flags = {}  # noqa: RUF012
    aliases = {}  # noqa: RUF012

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.subcommands = {
            name: (_starter(found), "") for name, found in sorted(_verbs().items())
        }

    def load_config_file(  # type: ignore[override]  # as JupyterApp's own
        self, suppress_errors: bool = True
    ) -> None:
        """Load no config files: the verb that this program starts loads them."""

    def emit_subcommands_help(self) -> Generator[str, None, None]:
        yield "Verbs"
        yield "====="
        yield "'jupyter bookstore VERB --help' describes a verb."
        yield ""
        for name, verb in all_verbs().items():
            yield f"  {name:10} {str(verb.description).strip().splitlines()[0]}"
        yield ""

    def start(self) -> None:
        try:
            super().start()
        except NoStart:
            return
        if self.subapp is None:
            unknown = [word for word in self.extra_args if not word.startswith("-")]
            if unknown:
                meant = did_you_mean(unknown[0], _verbs())
                self._refuse(f"Unknown verb {unknown[0]!a}.{meant}")
            self.print_help()
            self.exit(0)

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Parse what stands before a verb; exits with 2 for an unknown option."""
        first = ([*(sys.argv[1:] if argv is None else argv), ""])[0]
        name = first.lstrip("-").partition("=")[0]
        if first.startswith("-") and name not in OPTIONS_OF_ALL:
            meant = did_you_mean(name, OPTIONS_OF_ALL, mark="--")
            after = "" if meant else " Options of a verb come after it."
            self._refuse(f"Unknown option {first!a}.{meant}{after}")
        super().parse_command_line(argv)

    def _refuse(self, sentence: str) -> NoReturn:
        end = "'jupyter bookstore --help' lists the verbs."
        print(f"jupyter bookstore: {sentence} {end}", file=sys.stderr)
        sys.exit(2)


def _starter(found: EntryPoint) -> Callable[[Application], Application]:
    def start(parent: Application) -> Application:
        verb: type[Application] = found.load()
        parent.__class__.clear_instance()
        return verb.instance(parent=None, config=Config())

    return start


def main(argv: list[str] | None = None) -> None:
    """Run ``jupyter bookstore``."""
    _open_closed_streams()
    try:
        try:
            BookstoreApp.launch_instance(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader of a help has closed the pipe
        _drop_output()
        sys.exit(1)
    except KeyboardInterrupt:  # before the verb began
        sys.exit(130)
