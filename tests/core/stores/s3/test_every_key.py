"""Every key of a bucket is found by pages that pass over the versions of a key."""

from typing import Any

from bookstore_core.stores.s3.upkeep.keys import every_key


def test_the_other_versions_of_a_key_are_not_listed() -> None:
    asked: list[Any] = []
    pages = [
        {"Versions": [{"Key": "a"}, {"Key": "b"}], "IsTruncated": True},
        {"Versions": [{"Key": "c"}], "DeleteMarkers": [{"Key": "bb"}]},
    ]

    def answer(**given: Any) -> dict[str, Any]:
        asked.append(given)
        return pages[len(asked) - 1]

    assert list(every_key(answer)) == ["a", "b", "bb", "c"]
    assert asked == [{"Prefix": ""}, {"Prefix": "", "KeyMarker": "b"}]
