"""Patches: versions that are kept as what differs from an earlier one, their base.

A base is a version that is kept whole. Those after it in the same directory are frames
of zstd with the base's content as their dictionary, so that any program can read them::

    zstd -d --patch-from=BASE.ipynb VERSION.ipynb.zst -o version.ipynb

A patch never depends on another patch. It is read back before it counts as written.
"""

import hashlib
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from bookstore_core.stores.local.tree import MISSING, Folder

if TYPE_CHECKING:
    from zstandard import ZstdCompressionDict, ZstdCompressionParameters

#: What the name of a patch has after that of the content.
PATCH = ".zst"

#: Versions with one base, and the base.
RUN = 50

#: Bytes of a content that may be a patch or a base: smaller ones take a block or two
#: anyway, and larger ones too much memory and time.
SMALLEST = 16 * 1024
LARGEST = 16 * 1024 * 1024

#: A patch that is larger than this part of the content is not worth it.
LARGEST_PART = 0.5

#: Bytes of the bases that are kept in memory, ready for the next patch.
KEPT = 8 * 1024 * 1024


class Base(NamedTuple):
    """A version that is kept whole: its id, the name of its file and its sha256."""

    version_id: str
    name: str
    sha256: str


class PatchWriter:
    """Makes patches, one at a time. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, ...], ZstdCompressionDict] = OrderedDict()

    def patch(
        self, folder: Folder, base: Base, content: bytes, sha256: str
    ) -> bytes | None:
        """Return the patch for a content; None if it is not worth it.

        Also None for a base that is missing or damaged. `sha256` is that of the
        content, as it is recorded with the version.
        """
        try:
            from zstandard import ZstdCompressor
        except ImportError:
            return None  # only half of an update is installed: nothing is lost
        with self._lock:
            known = self._known(folder, base)
            if known is None:
                return None
            made = ZstdCompressor(
                dict_data=known, compression_params=_parameters(len(known))
            ).compress(content)
            if len(made) > LARGEST_PART * len(content):
                return None
            try:
                read = _decompressed(made, known, len(content))
            except ValueError:
                return None
            return made if _sha256(read) == sha256 else None

    def _known(self, folder: Folder, base: Base) -> "ZstdCompressionDict | None":
        try:
            status = folder.file_status(base.name)
            file = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
            if file in self._kept:
                self._kept.move_to_end(file)
                return self._kept[file]
            data = folder.read(base.name, limit=LARGEST + 1)
        except MISSING:
            return None
        if not data or len(data) > LARGEST or _sha256(data) != base.sha256:
            return None
        known = _dictionary(data)
        known.precompute_compress(compression_params=_parameters(len(data)))
        if len(data) <= KEPT:
            self._kept[file] = known
            while sum(map(len, self._kept.values())) > KEPT:
                self._kept.popitem(last=False)
        return known


def read_patched(folder: Folder, name: str, base: Base, *, size: int) -> bytes:
    """Return the content of a version from its patch and its base.

    Raises one of `MISSING` for a missing file, and ValueError for damage.
    """
    patch = folder.read(name, limit=LARGEST + 1)
    data = folder.read(base.name, limit=LARGEST + 1)
    if not data or max(size, len(data), len(patch)) > LARGEST:
        raise ValueError("It is larger than a patch can be.")
    return _decompressed(patch, _dictionary(data), size)


def _decompressed(patch: bytes, base: "ZstdCompressionDict", size: int) -> bytes:
    from zstandard import ZstdDecompressor, ZstdError, get_frame_parameters

    try:
        # It is read into memory, so its own word for the size counts.
        if get_frame_parameters(patch).content_size != size:
            raise ValueError("It is the patch for another size.")
        return ZstdDecompressor(dict_data=base).decompress(patch)
    except ZstdError as error:
        raise ValueError(str(error)) from error


def _dictionary(data: bytes) -> "ZstdCompressionDict":
    from zstandard import DICT_TYPE_RAWCONTENT, ZstdCompressionDict

    return ZstdCompressionDict(data, dict_type=DICT_TYPE_RAWCONTENT)


def _parameters(size: int) -> "ZstdCompressionParameters":
    """Return parameters that find all of a base of this size again."""
    from zstandard import ZstdCompressionParameters

    bits = max(size.bit_length(), SMALLEST.bit_length())
    return ZstdCompressionParameters.from_level(
        3,
        source_size=size,
        dict_size=size,
        window_log=bits + 1,
        hash_log=bits - 3,
        write_content_size=True,
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
