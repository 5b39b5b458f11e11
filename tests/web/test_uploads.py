"""A form with a file in it is read as a browser sends it, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.api.web.uploads import MOST_PARTS, Part, parts_in
from ledger.errors import Malformed

BOUNDARY = b"----WebKitFormBoundary7MA4YWxkTrZu0gW"


def body(*parts: tuple[str, bytes | None, bytes]) -> bytes:
    """As a browser writes it; the second is the name of a file, None for a field."""
    written = [
        b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="' + name.encode() + b'"'
        + (b'; filename="' + file + b'"\r\nContent-Type: application/zip' if file is not None else b"")
        + b"\r\n\r\n" + data + b"\r\n"
        for name, file, data in parts
    ]  # fmt: skip
    return b"".join(written) + b"--" + BOUNDARY + b"--\r\n"


@given(
    st.lists(
        st.tuples(st.text("abcxyz-_", min_size=1, max_size=20), st.none() | st.just(b"../../etc/passwd"), st.binary()),
        max_size=MOST_PARTS - 1,
    )
)
def test_what_was_sent_is_what_is_read(parts: list[tuple[str, bytes | None, bytes]]):
    sent = [(name, file, data.replace(BOUNDARY, b"")) for name, file, data in parts]
    wanted = [Part(name, file is not None, data) for name, file, data in sent]
    if wanted:
        assert list(parts_in(body(*sent), BOUNDARY)) == wanted


def test_an_empty_file_is_an_empty_file():
    assert list(parts_in(body(("bundle", b"", b"")), BOUNDARY)) == [Part("bundle", is_file=True, data=b"")]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"--",
        b"--" + BOUNDARY,
        b"--" + BOUNDARY + b"\r\n\r\n",
        b"preamble\r\n" + body(("a", None, b"1")),
        body(("a", None, b"1"))[: -len(BOUNDARY) - 6],
        body(("a", None, b"1")).replace(b"form-data", b"attachment"),
        body(("a", None, b"1")).replace(b'name="a"', b"name=a"),
        body(("a", None, b"1")).replace(b'name="a"', b'name=""'),
        body(("a", None, b"1")).replace(b'name="a"', b'name="a"\r\nContent-Disposition: form-data; name="b"'),
        body(("a", None, b"1")).replace(b'name="a"', b'name="a"\r\nX: ' + b"x" * 3_000),
        body(*((f"f{'x' * number}", None, b"") for number in range(MOST_PARTS))),
        body(("a", None, b"1")).replace(b"\r\n", b"\n"),
    ],
    ids=range(13),
)
def test_what_no_browser_sends_is_refused(sent: bytes):
    with pytest.raises(Malformed):
        list(parts_in(sent, BOUNDARY))


@given(st.binary(max_size=300))
def test_whatever_bytes_come_they_are_parts_or_refused(data: bytes):
    try:
        for each in parts_in(b"--" + BOUNDARY + data, BOUNDARY):
            assert isinstance(each.data, bytes)
    except Malformed:
        pass
