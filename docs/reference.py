"""The references of the site, made from the code: settings, commands, API, client."""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Where the pages are written, below the top of the checkout; git ignores it.
FOLDER = "docs/reference"


def write_pages(top: Path) -> None:
    """Write all pages; one that has not changed keeps its time."""
    folder = top / FOLDER
    folder.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        page = folder / f"{name}.md"
        text = "\n".join(make())
        if not page.exists() or page.read_text("utf-8") != text:
            page.write_text(text, "utf-8")


def settings() -> Iterator[str]:
    """Yield the lines of the page of all settings."""
    from bookstore_core.settings import BookstoreSettings

    yield "# All settings\n"
    yield "Made from the help of the traits of `BookstoreSettings`, which"
    yield "`jupyter bookstore status --help-all` prints, too. What they mean for each"
    yield "other: [Settings](../settings.md).\n"
    yield "| setting | type | default | |\n|---|---|---|---|"
    for name, trait in sorted(BookstoreSettings.class_traits(config=True).items()):
        default = f"`{trait.default_value!r}`" if _has_default(trait) else ""
        kind = trait.__class__.__name__.replace("Secret", "Unicode")
        quoted = re.sub(r"'([^' ]+)'", _code, _cell(str(trait.help)))
        yield f"| `{name}` | {kind} | {default} | {quoted} |"
    yield ""


def _code(word: re.Match[str]) -> str:
    plain = word[1].replace("\\", "")
    return f"`{plain}`"


def _has_default(trait: Any) -> bool:
    """Return whether its default is a value that says something."""
    value = trait.default_value
    return isinstance(value, str | int | float) and value != ""


def commands() -> Iterator[str]:
    """Yield the lines of the page of all verbs and their options."""
    from bookstore_core.cli.command import Verb, all_verbs

    yield "# All verbs and options\n"
    yield "Made from the verbs' own help. What they do together:"
    yield "[Commands](../commands.md).\n"
    yield "Every verb has these options:\n"
    yield from _options(Verb)
    for name, verb in all_verbs().items():
        yield f"## {name}\n"
        yield f"```text\n{' '.join(('jupyter bookstore', name, *verb.words))}\n```\n"
        yield f"{_escaped(inspect.cleandoc(str(verb.description)))}\n"
        yield from _options(verb, besides=Verb)
        if verb.examples:
            yield f"```sh\n{inspect.cleandoc(str(verb.examples))}\n```\n"


def _options(verb: Any, besides: Any = None) -> Iterator[str]:
    """Yield the table of a verb's options, without those of the class `besides`."""
    known = {*besides.flags, *besides.aliases} if besides else set()
    rows = [
        (f"`{_dashed(name)}`", help)
        for name, (_, help) in verb.flags.items()
        if name not in known
    ]
    for name, target in verb.aliases.items():
        names = name if isinstance(name, tuple) else (name,)
        if name not in known:
            options = ", ".join(f"`{_dashed(each)}=`" for each in names)
            rows.append((options, _help(verb, target)))
    if rows:
        yield "| option | |\n|---|---|"
        yield from (f"| {option} | {_cell(help)} |" for option, help in rows)
        yield ""


def _dashed(name: str) -> str:
    return f"-{name}" if len(name) == 1 else f"--{name}"


def _help(verb: Any, target: Any) -> str:
    """Return the help of the trait that an alias sets, such as `PruneApp.yes`."""
    if isinstance(target, tuple):
        return str(target[1])
    owner, _, trait = target.partition(".")
    for cls in (*verb.mro(), *verb.classes):
        if cls.__name__ == owner:
            return str(cls.class_traits()[trait].help)
    raise LookupError(f"{verb.__name__} has an alias for {target}, which is unknown.")


def _cell(text: str) -> str:
    """Return the text for a cell of a table."""
    return _escaped(" ".join(text.split())).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Return plain text so that Markdown shows it as it is, except for `code`."""
    return re.sub(r"(?=[*<\[\\])", r"\\", text)


def api() -> Iterator[str]:
    """Yield the lines of the page of all routes and schemas."""
    description = _openapi()
    yield "# All routes and schemas\n"
    yield "Made from what `GET /api/bookstore/openapi.json` answers. What is done with"
    yield "the routes: [API](../api.md).\n"
    yield f"{description['info']['description']}\n"
    yield "## Routes\n"
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            yield from _route(f"{method.upper()} {path}", operation)
    yield "## Schemas\n"
    for name, schema in description["components"]["schemas"].items():
        yield f"### {name}\n"
        yield from _members(schema)


def _openapi() -> dict[str, Any]:
    from bookstore_core.settings import BookstoreSettings
    from bookstore_web import create_app
    from bookstore_web.app.api.openapi import describe

    settings = BookstoreSettings(storage="local", local_root="/nowhere", auth="none")
    app = create_app(settings)
    with app.app_context():
        described: dict[str, Any] = json.loads(
            json.dumps(describe(app, by_server=True))
        )
    return described


def _route(name: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    yield f"{operation['summary']}\n"
    if "description" in operation:
        yield f"{operation['description']}\n"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "| parameter | in | type | |\n|---|---|---|---|"
        for known in parameters:
            text = known.get("description", "")
            text += " Required." if known.get("required") else ""
            kind = _kind(known["schema"])
            yield f"| `{known['name']}` | {known['in']} | {kind} | {_cell(text)} |"
        yield ""
    if body := operation.get("requestBody"):
        yield f"Body: {_kinds(body)}.\n"
    for status, answer in operation["responses"].items():
        if "$ref" not in answer:
            yield f"- {status}: {answer['description']} {_kinds(answer)}".rstrip()
    answers = operation["responses"].items()
    refused = sorted(status for status, answer in answers if "$ref" in answer)
    if refused:
        yield f"- {', '.join(refused)}: an [Error](#error)"
    yield ""


def _kinds(holder: dict[str, Any]) -> str:
    return ", or ".join(
        f"{_kind(known.get('schema', {}))} (`{media}`)"
        for media, known in holder.get("content", {}).items()
    )


def _members(schema: dict[str, Any]) -> Iterator[str]:
    needed = schema.get("required", [])
    yield "| member | type | |\n|---|---|---|"
    for name, known in schema.get("properties", {}).items():
        text = known.get("description", "")
        text += " Required." if name in needed else ""
        yield f"| `{name}` | {_kind(known)} | {_cell(text)} |"
    yield ""


def _kind(schema: dict[str, Any]) -> str:
    """Return the type of a value in words, with links to schemas."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("allOf", "anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_kind(known) for known in schema[several])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    kinds = schema.get("type", "any")
    words = [kinds] if isinstance(kinds, str) else list(kinds)
    text = " or ".join(words)
    if "enum" in schema:
        text += ": " + ", ".join(f"`{value}`" for value in schema["enum"])
    return text


def client() -> Iterator[str]:
    """Yield the lines of the page of the client's classes."""
    import bookstore_client
    from bookstore_client import answers, errors

    yield "# All classes of the client\n"
    yield "Made from the docstrings of `bookstore_client`. How it is used:"
    yield "[Client](../client.md).\n"
    clients = [name for name in bookstore_client.__all__ if not hasattr(answers, name)]
    yield "## Clients\n"
    yield from _autodoc("bookstore_client", clients)
    yield "## Answers\n"
    yield from _autodoc("bookstore_client.answers", _classes(answers))
    yield "## Errors\n"
    yield from _autodoc("bookstore_client.errors", _classes(errors))


def _classes(module: Any) -> list[str]:
    known = vars(module).items()
    return [name for name, it in known if isinstance(it, type) and name[0] != "_"]


def _autodoc(module: str, names: list[str]) -> Iterator[str]:
    yield "```{eval-rst}"
    for name in names:
        kind = "class" if name[0].isupper() else "function"
        kind = "exception" if re.search("Error$", name) else kind
        yield f".. auto{kind}:: {module}.{name}"
        if kind != "function":
            yield "   :show-inheritance:"
        if kind == "class":
            yield "   :members:\n   :inherited-members: object"
        yield ""
    yield "```\n"


#: The pages, and what makes their lines.
PAGES = {"settings": settings, "commands": commands, "api": api, "client": client}
