r"""The zip of a bundle: written in one way only, and read only if it was written so.

A zip by the letter of PKWARE's note can hide things: files before the first one, two of one name, a name that leads out
of the folder it is unpacked in, sizes that differ between the two places they stand in, a megabyte that unpacks to
a terabyte. So a bundle is the narrowest zip that every program opens: files in order of their names, stored and not
compressed, each name once, all dates 1 January 1980, nothing before, between or behind. ``unpack`` reads the names
and contents, writes them again with ``pack`` and compares: whatever differs in a single byte is refused. Nothing is
ever written to a disk, nothing unpacks to more than it is, and no header holds a byte that is not checked.

    >>> data = pack({"manifest.json": b"{}", "entries/3.json": b"fact"})
    >>> list(unpack(data))
    ['entries/3.json', 'manifest.json']
    >>> unpack(data.replace(b"entries/3", b"../../etc"))
    Traceback (most recent call last):
    ledger.transparency.errors.FormatError: not the name of a file in a bundle: '../../etc.json'
    >>> unpack(data + b"more")
    Traceback (most recent call last):
    ledger.transparency.errors.FormatError: not the zip that a bundle is: it differs from byte 234 on

Proved by tests/transparency/test_bundle_archive.py: every byte of a small one is changed; other programs open it.
"""

import re
from collections.abc import Mapping
from struct import Struct
from typing import Final
from zlib import crc32

from ledger.transparency.errors import FormatError

__all__ = ["MAX_BYTES", "MAX_FILES", "is_name", "pack", "unpack"]

MAX_BYTES: Final = 256 * 1024 * 1024
"""The largest bundle that is made or read: some hundred thousand facts."""

MAX_FILES: Final = 0xFFFE
"""More files need another form of zip (ZIP64)."""

_NAME: Final = re.compile(r"(?:[a-z]+/)?[A-Za-z0-9][A-Za-z0-9@.-]{0,79}")
# Signature, version, flags, method, time, date (1 January 1980), CRC-32, size twice, length of the name, of what
# follows it; in the directory also the version that made it, comment, disk, attributes (a file: read by all) and place.
_LOCAL: Final = Struct("<4sHHHHHIIIHH")
_ENTRY: Final = Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = Struct("<4sHHHHIIH")
_DATE: Final = 0x21
_VERSION: Final = 20
_UNIX: Final = 3 << 8
_MODE: Final = 0o100644 << 16


def is_name(name: str) -> bool:
    """Whether a file of a bundle may be called so: at most one folder, no dot first, nothing a shell would mind."""
    return _NAME.fullmatch(name) is not None


def pack(files: Mapping[str, bytes]) -> bytes:
    """The zip of these files. Raises FormatError for a name, a number of files or a size that no bundle has."""
    if not 0 < len(files) <= MAX_FILES:
        raise FormatError(f"a bundle has 1 to {MAX_FILES} files, not {len(files)}")
    body, directory, at = list[bytes](), list[bytes](), 0
    for name in sorted(files):
        if not is_name(name):
            raise FormatError(f"not the name of a file in a bundle: {name[:80]!r}")
        data, label = files[name], name.encode("ascii")
        common = (0, 0, 0, _DATE, crc32(data), len(data), len(data), len(label), 0)
        body += [_LOCAL.pack(b"PK\x03\x04", _VERSION, *common), label, data]
        directory += [_ENTRY.pack(b"PK\x01\x02", _UNIX | _VERSION, _VERSION, *common, 0, 0, 0, _MODE, at), label]
        at += _LOCAL.size + len(label) + len(data)
        if at > MAX_BYTES:
            raise FormatError(f"a bundle has at most {MAX_BYTES} bytes")
    listed = b"".join(directory)
    return b"".join((*body, listed, _END.pack(b"PK\x05\x06", 0, 0, len(files), len(files), len(listed), at, 0)))


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of a zip that ``pack`` wrote, by name, in order. Raises FormatError for any other bytes."""
    if len(data) > MAX_BYTES + (MAX_BYTES >> 4):
        raise FormatError(f"a bundle has at most {MAX_BYTES} bytes, not {len(data)}")
    files: dict[str, bytes] = {}
    at = 0
    while data[at : at + 4] == b"PK\x03\x04" and len(files) < MAX_FILES:
        begins = at + _LOCAL.size
        if begins > len(data):
            break
        _, _, _, _, _, _, _, _, size, length, _ = _LOCAL.unpack_from(data, at)
        at = begins + length + size
        if at > len(data):
            raise FormatError("not the zip that a bundle is: it ends within a file")
        name = data[begins : begins + length].decode("latin-1")
        if not is_name(name):
            raise FormatError(f"not the name of a file in a bundle: {name[:80]!r}")
        if name in files:
            raise FormatError(f"two files are called {name}")
        files[name] = data[begins + length : at]
    if not files:
        raise FormatError("not the zip that a bundle is: it does not begin with a stored file")
    written = pack(files)
    if written != data:
        raise FormatError(f"not the zip that a bundle is: it differs from byte {_first_difference(written, data)} on")
    return files


def _first_difference(one: bytes, other: bytes) -> int:
    """How many bytes they begin with in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
