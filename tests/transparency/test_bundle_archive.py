"""The zip of a bundle: one form, every byte of it; what other zips hide does not get in."""

import io
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.transparency.bundle.archive import MAX_FILES, is_name, pack, unpack
from ledger.transparency.errors import FormatError

FILES = {
    "manifest.json": b"{}\n",
    "entries/0.json": b"one",
    "index.html": b"",
    "rules/ENF-03@manual-2022.json": b"\x00\xff",
}


def zipped(entries, comment=b"", compression=zipfile.ZIP_STORED):
    """As Python's own zipfile writes it: names and contents in this order, twice if asked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            archive.writestr(info, data)
        archive.comment = comment
    return out.getvalue()


def test_what_is_packed_is_unpacked():
    assert unpack(pack(FILES)) == FILES
    assert list(unpack(pack(FILES))) == sorted(FILES)


def test_the_same_files_are_the_same_bytes_in_whatever_order_they_are_given():
    assert pack(dict(reversed(FILES.items()))) == pack(FILES)


def test_python_opens_it_and_finds_nothing_wrong():
    with zipfile.ZipFile(io.BytesIO(pack(FILES))) as archive:
        assert archive.testzip() is None
        assert {each.filename: archive.read(each) for each in archive.infolist()} == FILES


def test_a_program_of_others_unpacks_it(tmp_path: Path):
    (tmp_path / "bundle.zip").write_bytes(pack(FILES))
    subprocess.run([sys.executable, "-m", "zipfile", "-e", "bundle.zip", "out"], cwd=tmp_path, check=True)
    found = {str(each.relative_to(tmp_path / "out")): each.read_bytes() for each in (tmp_path / "out").rglob("*.*")}
    assert found == FILES


def test_no_byte_of_it_can_be_another():
    data = pack(FILES)
    for at in range(len(data)):
        for change in (1, 0x80, 0xFF):
            changed = bytearray(data)
            changed[at] ^= change
            try:
                found = unpack(bytes(changed))
            except FormatError:
                continue
            # A byte of a content with its sum corrected would be another file; one byte alone never is.
            pytest.fail(f"byte {at} was changed and {list(found)} came out")


def test_it_cannot_be_cut_anywhere_or_go_on():
    data = pack(FILES)
    for end in range(len(data)):
        with pytest.raises(FormatError):
            unpack(data[:end])
    for more in (b"\0", b"PK\x03\x04", data):
        with pytest.raises(FormatError):
            unpack(data + more)
        with pytest.raises(FormatError):
            unpack(more + data)


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_reason(data):
    with pytest.raises(FormatError):
        unpack(data)


@given(st.binary(max_size=120), st.integers(0, 400))
def test_any_bytes_within_a_real_one_are_refused_with_a_reason(more, at):
    data = pack(FILES)
    changed = data[:at] + more + data[at + len(more) :]
    if changed != data:
        with pytest.raises(FormatError):
            unpack(changed)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "entries/../x",
        "..",
        ".",
        "",
        "C:\\windows",
        "entries\\0.json",
        "entries/0.json/",
        "a/b/c",
        ".profile",
        "entries/.x",
        "x\0.json",
        "x\n",
        "é",
        "a" * 200,
        "con:aux",
        "-rf",
        "~",
    ],
)
def test_a_name_that_leads_anywhere_else_is_no_name(name):
    assert not is_name(name)
    with pytest.raises(FormatError):
        pack({name: b""})
    if "\0" not in name:
        with pytest.raises(FormatError):
            unpack(zipped([(name, b"x")]))


@pytest.mark.parametrize(
    "hostile",
    {
        "written by another program": zipped(sorted(FILES.items())),
        "two files of one name": zipped([("manifest.json", b"a"), ("manifest.jsom", b"b")]).replace(b".jsom", b".json"),
        "a bomb": zipped([("manifest.json", b"\0" * 50_000_000)], compression=zipfile.ZIP_DEFLATED),
        "packed with bzip2": zipped([("manifest.json", b"{}")], compression=zipfile.ZIP_BZIP2),
        "a comment": zipped([("manifest.json", b"{}")], comment=b"PK\x05\x06 hello"),
        "not in order": zipped([("policy", b""), ("checkpoint", b"")]),
        "no files": zipped([]),
        "nothing": b"",
        "a gzip": b"\x1f\x8b" + bytes(100),
        "text": b"hello\n" * 100,
    }.values(),
)
def test_a_hostile_zip_does_nothing(hostile):
    with pytest.raises(FormatError):
        unpack(hostile)


def test_a_size_that_is_a_lie_is_refused_before_anything_is_made_of_it():
    data = bytearray(pack({"manifest.json": b"{}"}))
    struct.pack_into("<II", data, 18, 0xFFFFFFFF, 0xFFFFFFFF)
    with pytest.raises(FormatError, match="ends within a file"):
        unpack(bytes(data))


def test_overlapping_files_are_refused():
    hidden = pack({"policy": b"x"})
    data = pack({"checkpoint": hidden, "policy": b"y"})
    assert unpack(data)["checkpoint"] == hidden, "a zip within a file is a file"
    shortened = bytearray(data)
    struct.pack_into("<II", shortened, 18, 0, 0)  # the first file ends where the one hidden in it begins
    with pytest.raises(FormatError):
        unpack(bytes(shortened))


def test_so_many_files_are_the_most():
    most = {f"entries/{number}.json": b"" for number in range(MAX_FILES)}
    assert len(unpack(pack(most))) == MAX_FILES
    with pytest.raises(FormatError, match="1 to 65534 files"):
        pack(most | {"policy": b""})
    with pytest.raises(FormatError, match="1 to 65534 files"):
        pack({})
