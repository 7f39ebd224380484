"""Parameters on the command line, in YAML and in files, as papermill takes them."""

from pathlib import Path
from typing import Any

import pytest
from papermill.cli import _resolve_type

from bookstore_archiver.runs.parameters import Given, is_parameterized
from bookstore_core.errors import InvalidRequestError, NotFoundError, TooLargeError


def read(*words: str) -> dict[str, Any]:
    return Given.of(words).parameters()


@pytest.mark.parametrize(
    "value", ["6", "-5", "1.5", "1e3", "True", "False", "None", "true", "", "06", "a b"]
)
def test_a_value_has_the_type_that_papermill_gives_it(value: str) -> None:
    expected = _resolve_type(value)
    assert read("-p", "x", value) == {"x": expected}
    assert type(read("-p", "x", value)["x"]) is type(expected)


def test_raw_values_are_texts() -> None:
    assert read("-r", "x", "6", "--parameters_raw", "y", "True") == (
        {"x": "6", "y": "True"}
    )


@pytest.mark.parametrize("first", ["-px", "-p=x", "--p=x", "--parameters=x"])
def test_an_option_may_be_one_word_with_the_name(first: str, tmp_path: Path) -> None:
    assert read(first, "6") == {"x": 6}
    (tmp_path / "p.yaml").write_text("a: 1")
    assert read(f"-f{tmp_path}/p.yaml", "-y{b: 2}") == {"a": 1, "b": 2}
    with pytest.raises(InvalidRequestError, match="requires a name and a value"):
        read(first)


def test_other_words_are_left_in_their_order() -> None:
    given = Given.of(["a.ipynb", "-p", "x", "-1", "--json", "@1", "--", "-p"])
    assert given.words == ["a.ipynb", "--json", "@1", "--", "-p"]
    assert given.parameters() == {"x": -1}


def test_single_parameters_win_over_yaml_and_yaml_over_files(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("a: 1\nb: [1, {c: 2026-01-01}]\nd: 4\n")
    words = ("-p", "a", "3", "-y", "{a: 2, d: 5}", f"--parameters_file={file}")
    assert read(*words) == {"a": 3, "b": [1, {"c": "2026-01-01"}], "d": 5}


def test_a_file_may_be_json_and_empty(tmp_path: Path) -> None:
    file, empty = tmp_path / "p.json", tmp_path / "e.yaml"
    file.write_text('{"a": {"b": [null, 1.5]}}')
    empty.write_text("# nothing\n")
    assert read("-f", str(file), "-f", str(empty)) == {"a": {"b": [None, 1.5]}}


@pytest.mark.parametrize(
    "text",
    [
        *("- 1\n", "text", "a: [", "a: !!python/object:os.system x", "a: .nan"),
        *("a b: 1", "1a: 1", "? [1]\n: 2", "a: !!binary aGk=", "a: !!set {x}", "\x00"),
    ],
)
def test_a_file_that_has_no_such_parameters_is_refused(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(text)
    with pytest.raises(InvalidRequestError):
        read("-f", str(file))


def test_a_file_that_is_missing_large_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"#" * (1 << 21))
    with pytest.raises(TooLargeError, match="over 1048576 bytes"):
        read("-f", str(tmp_path / "large"))
    for name in ("none", "."):
        with pytest.raises(NotFoundError, match="cannot be read"):
            read("-f", str(tmp_path / name))


@pytest.mark.parametrize(
    "words",
    [
        *(("-p",), ("-p", "x"), ("-f",), ("-r", "x"), ("-p", "", "1")),
        *(("-p", "x y", "1"), ("-p", "x;y", "1"), ("-p", "1x", "1")),
        *(("-p", "x", "nan"), ("-p", "x", "-inf"), ("-y", "[1]")),
    ],
)
def test_a_parameter_that_none_can_be_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRequestError):
        read(*words)


def test_a_notebook_is_parameterized_by_a_tag() -> None:
    tagged = {"metadata": {"tags": ["x", "parameters"]}}
    assert is_parameterized([{}, tagged])
    odd: list[Any] = [{"metadata": 1}, {"metadata": {"tags": "parameters"}}]
    assert not is_parameterized(odd)
