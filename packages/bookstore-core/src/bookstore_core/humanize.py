"""Sizes, lengths of time and numbers of things in words."""

UNITS = ("bytes", "KB", "MB", "GB", "TB")
SPANS = ((86400, "days"), (3600, "hours"), (60, "minutes"))


def say_size(size: float) -> str:
    """Return a number of bytes in words: ``1.5 MB``."""
    if size == 1:
        return "1 byte"
    for unit in UNITS:
        digits = 0 if unit == UNITS[0] else 1
        if round(size, digits) < 1000 or unit == UNITS[-1]:
            return f"{size:.{digits}f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


def say_count(number: int, noun: str) -> str:
    """Return a number of things in words: ``1 file``, ``2 files``."""
    return f"{number} {noun if number == 1 else noun + 's'}"


def say_span(seconds: float) -> str:
    """Return a length of time in words: ``3 minutes``, ``1 hour``."""
    for length, name in SPANS:
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {name if number > 1 else name[:-1]}"
    return say_count(int(seconds), "second")
