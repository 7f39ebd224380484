"""Everything of bookstore under its documented import names."""


def _jupyter_server_extension_paths() -> list[dict[str, str]]:
    return [{"module": "bookstore_archiver"}, {"module": "bookstore_web"}]
