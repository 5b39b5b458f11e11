"""A note is read only as it would have been written, and believed only for a known key's right signature."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.transparency.errors import FormatError, SignatureError
from ledger.transparency.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Note,
    Signature,
    Signer,
    Verifier,
    decode_base64,
    encode_base64,
    format_note,
    is_key_name,
    open_note,
    parse_note,
    sign_note,
)

TEXT = "One line.\n\nAnother, after a blank one.\n"
LOG = Signer("ledger.example/kent", b"\x01" * 32)
NEW_KEY = Signer("ledger.example/kent", b"\x02" * 32)
WITNESS = Signer("witness.example", b"\x03" * 32)
STRANGER = Signer("stranger.example", b"\x04" * 32)
NOTE = sign_note(TEXT, [LOG, WITNESS])

NAMES = st.from_regex(r"[a-zé.:/-]{1,20}", fullmatch=True)
SIGNATURES = st.builds(Signature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=70))
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n"), max_size=60)


def _line(name: str = "a.example", data: bytes = bytes(68)) -> str:
    return f"— {name} {encode_base64(data)}\n"


# --- form --------------------------------------------------------------------------------------------------


@given(TEXTS, st.lists(SIGNATURES, min_size=1, max_size=5))
def test_a_note_is_read_as_it_was_written(text: str, signatures: list[Signature]):
    note = format_note(text + "\n", signatures)
    assert parse_note(note) == parse_note(note.encode()) == Note(text + "\n", tuple(signatures))


@given(st.text(alphabet="ab\n— +=A\t", max_size=40) | st.binary(max_size=40))
def test_whatever_is_read_would_be_written_so(noise: str | bytes):
    try:
        note = parse_note(noise)
    except FormatError:
        return
    written = format_note(note.text, note.signatures)
    assert written == (noise if isinstance(noise, str) else noise.decode())


@pytest.mark.parametrize(
    "note",
    [
        pytest.param("", id="nothing"),
        pytest.param("text\n", id="no signature"),
        pytest.param("text\n\n", id="no signature after the blank line"),
        pytest.param("text\n" + _line(), id="no blank line"),
        pytest.param("\n" + _line(), id="no text"),
        pytest.param("text\n\n" + _line()[:-1], id="no last newline"),
        pytest.param("text\n\n" + _line() + "\n", id="a blank line after the signatures"),
        pytest.param("text\n\n" + _line() + "more\n", id="a line that is no signature"),
        pytest.param("te\txt\n\n" + _line(), id="a tab in the text"),
        pytest.param("te\rxt\n\n" + _line(), id="a carriage return in the text"),
        pytest.param("te\0xt\n\n" + _line(), id="a zero byte in the text"),
        pytest.param("te\ud800xt\n\n" + _line(), id="half a surrogate pair in the text"),
        pytest.param("text\n\n" + _line().replace("—", "-"), id="a hyphen for the dash"),
        pytest.param("text\n\n" + _line().replace("— ", "—"), id="no space after the dash"),
        pytest.param("text\n\n" + _line().replace("— ", "—  "), id="two spaces after the dash"),
        pytest.param("text\n\n" + _line("a+b"), id="a plus in the name"),
        pytest.param("text\n\n" + _line(""), id="no name"),
        pytest.param("text\n\n" + _line("a\u2003b"), id="a Unicode space in the name"),
        pytest.param("text\n\n" + _line().replace("\n", " \n"), id="a space at the end of the line"),
        pytest.param("text\n\n" + _line(data=bytes(4)), id="a key id and no signature"),
        pytest.param("text\n\n" + _line(data=bytes(68)).replace("=", ""), id="base64 without its padding"),
        pytest.param("text\n\n— a.example AAAAAAB=\n", id="base64 with spare bits"),
        pytest.param("text\n\n— a.example AAAA_AAA\n", id="base64 of the other alphabet"),
        pytest.param("text\n\n— a.example AAAAAAAÄ\n", id="base64 outside ASCII"),
        pytest.param("text\n\n" + _line() * (MAX_SIGNATURES + 1), id="too many signatures"),
        pytest.param("x" * MAX_NOTE_BYTES + "\n\n" + _line(), id="too long"),
        pytest.param(b"te\xffxt\n\n" + _line().encode(), id="not UTF-8"),
    ],
)
def test_a_malformed_note_is_refused(note: str | bytes):
    with pytest.raises(FormatError):
        parse_note(note)


@pytest.mark.parametrize("text", ["", "no newline", "a\x1fb\n", "a\ud800b\n"])
def test_a_text_no_note_may_hold_is_neither_signed_nor_written(text: str):
    with pytest.raises(FormatError):
        sign_note(text, [LOG])
    with pytest.raises(FormatError):
        format_note(text, parse_note(NOTE).signatures)


@pytest.mark.parametrize(
    "signature",
    [
        Signature("", bytes(4), b"s"),
        Signature("a b", bytes(4), b"s"),
        Signature("a", bytes(3), b"s"),
        Signature("a", bytes(4), b""),
    ],
)
def test_a_signature_no_note_may_hold_is_not_written(signature: Signature):
    with pytest.raises(FormatError):
        format_note("text\n", [signature])


def test_a_note_has_at_least_one_signature_and_at_most_a_hundred():
    one = Signature("a", bytes(4), b"s")
    assert len(parse_note(format_note("text\n", [one] * MAX_SIGNATURES)).signatures) == MAX_SIGNATURES
    for count in (0, MAX_SIGNATURES + 1):
        with pytest.raises(FormatError, match="1 to 100 signatures"):
            format_note("text\n", [one] * count)


def test_a_note_may_be_as_long_as_its_limit():
    note = "x" * (MAX_NOTE_BYTES - len(_line().encode()) - 2) + "\n\n" + _line()
    assert len(note.encode()) == MAX_NOTE_BYTES == 1_000_000
    assert parse_note(note).text == note.split("\n")[0] + "\n"


def test_a_text_may_end_in_blank_lines_or_look_like_signatures():
    for text in ("\n", "a\n\n\n", "a\n\n" + _line()):
        assert parse_note(format_note(text, parse_note(NOTE).signatures)).text == text


# --- keys --------------------------------------------------------------------------------------------------


def test_a_verifier_key_comes_back_from_its_line():
    parsed = Verifier.parse(LOG.verifier().vkey())
    assert (parsed.name, parsed.key_id, parsed.public_key) == (
        LOG.name,
        LOG.key_id,
        LOG.verifier().public_key,
    )


def test_a_verifier_key_whose_base64_holds_a_plus_is_read():
    plus = next(
        vkey
        for seed in range(256)
        if "+" in (vkey := Signer("a.example", bytes([seed]) * 32).verifier().vkey()).split("+", 2)[2]
    )
    assert Verifier.parse(plus).vkey() == plus


def test_a_verifier_key_with_anything_changed_is_refused():
    vkey = LOG.verifier().vkey()
    name, hexid, key = vkey.split("+", 2)
    other = NEW_KEY.verifier().vkey().split("+", 2)
    for changed in (
        "",
        name,
        f"{name}+{hexid}",
        f"{name}+{hexid}+",
        f"+{hexid}+{key}",
        f"x{vkey}",
        f"{name}+{hexid.upper()}+{key}",
        f"{name}+0{hexid}+{key}",
        f"{name}+{other[1]}+{key}",
        f"{name}+{hexid}+{other[2]}",
        f"{name}+{hexid}+{key}=",
        f"{vkey}\n",
        f"{name}+{hexid}+{encode_base64(decode_base64(key)[:-1])}",
        f"{name}+{hexid}+{encode_base64(bytes([4]) + decode_base64(key)[1:])}",
    ):
        with pytest.raises(FormatError):
            Verifier.parse(changed)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\u2028b", "a\nb", "a\x00b", "\ud800"])
def test_a_name_no_key_may_bear_is_refused(name: str):
    assert not is_key_name(name)
    for make in (Signer, Verifier):
        with pytest.raises(FormatError, match="name of a key"):
            make(name, LOG.verifier().public_key)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_that_is_not_32_bytes_is_refused(length: int):
    for make in (Signer, Verifier):
        with pytest.raises(FormatError, match="32 bytes"):
            make("a.example", bytes(length))


# --- trust -------------------------------------------------------------------------------------------------


def test_signing_twice_gives_the_same_bytes():
    assert sign_note(TEXT, [LOG, WITNESS]) == NOTE


def test_a_signature_is_plain_ed25519_over_the_text():
    [signature] = parse_note(sign_note(TEXT, [LOG])).signatures
    Ed25519PublicKey.from_public_bytes(LOG.verifier().public_key).verify(signature.signature, TEXT.encode())


def test_opening_tells_which_known_keys_signed():
    opened = open_note(NOTE, [WITNESS.verifier(), STRANGER.verifier()])
    assert opened.text == TEXT
    assert [signature.name for signature in opened.signatures] == ["witness.example"]


def test_a_note_no_known_key_signed_is_not_believed():
    with pytest.raises(SignatureError, match=r"no known key signed this note; it names ledger\.example/kent"):
        open_note(NOTE, [STRANGER.verifier()])
    with pytest.raises(SignatureError, match="no known key"):
        open_note(NOTE, [])


def test_a_signature_under_a_known_name_by_an_unknown_key_is_passed_over():
    both = sign_note(TEXT, [LOG, NEW_KEY])
    assert [s.key_id for s in open_note(both, [LOG.verifier()]).signatures] == [LOG.key_id]
    with pytest.raises(SignatureError, match="no known key"):
        open_note(both, [WITNESS.verifier()])


def test_a_bad_signature_by_a_known_key_refuses_the_note_whatever_others_there_are():
    log, witness = parse_note(NOTE).signatures
    bad = log._replace(signature=witness.signature)
    note = format_note(TEXT, [witness, bad])
    with pytest.raises(SignatureError, match=r"ledger\.example/kent\+[0-9a-f]{8} is not over this text"):
        open_note(note, [LOG.verifier(), WITNESS.verifier()])
    assert open_note(note, [WITNESS.verifier()]).text == TEXT


@pytest.mark.parametrize("length", [1, 63, 65])
def test_a_known_signature_of_another_length_is_bad(length: int):
    with pytest.raises(SignatureError, match="is not over this text"):
        open_note(format_note(TEXT, [Signature(LOG.name, LOG.key_id, bytes(length))]), [LOG.verifier()])


def test_a_signature_does_not_carry_over_to_another_text():
    for text in (TEXT + "\n", TEXT[:-2] + "\n", "\n" + TEXT):
        with pytest.raises(SignatureError):
            open_note(format_note(text, parse_note(NOTE).signatures), [LOG.verifier()])


def test_two_known_keys_of_one_name_and_id_are_refused():
    with pytest.raises(FormatError, match="share a name and an id"):
        open_note(NOTE, [LOG.verifier(), LOG.verifier()])


# --- base64 ------------------------------------------------------------------------------------------------


@given(st.binary(max_size=80))
def test_base64_has_one_spelling(data: bytes):
    assert decode_base64(encode_base64(data)) == data


@pytest.mark.parametrize("text", ["A", "AA", "AA=", "AB==", "AA==\n", " AA==", "AA==AA==", "é", "AA==="])
def test_any_other_spelling_of_base64_is_refused(text: str):
    with pytest.raises(FormatError, match="base64"):
        decode_base64(text)
