"""A cosignature is over exactly the bytes its specification names, at one time, by one name, of one checkpoint."""

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import (
    COSIGNATURE_ED25519,
    COSIGNATURE_ML_DSA_44,
    CosignatureVerifier,
    Cosigner,
    ed25519_message,
    ml_dsa_44_message,
    parse_vkey,
    timestamp_of,
)
from ledger.transparency.errors import FormatError, SignatureError
from ledger.transparency.note import (
    Signer,
    Verifier,
    decode_base64,
    encode_base64,
    format_note,
    open_note,
    parse_note,
    sign_note,
)
from ledger.transparency.tree import MAX_SIZE

ORIGIN = "example.com/behind-the-sofa"
ROOT = decode_base64("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
CHECKPOINT = Checkpoint(ORIGIN, 20_852_163, ROOT)
BODY = CHECKPOINT.body()
MOMENT = 1_679_315_147
TYPES = (COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44)
LOG = Signer(ORIGIN, b"\x01" * 32)
COSIGNERS = {each: Cosigner("witness.example.com/w1", b"\x03" * 32, each) for each in TYPES}
of_each_type = pytest.mark.parametrize("cosigner", COSIGNERS.values(), ids=["ed25519", "ml-dsa-44"])


# --- the bytes ---------------------------------------------------------------------------------------------


def test_an_ed25519_cosignature_signs_the_text_of_the_specification():
    message = (
        b"cosignature/v1\n"
        b"time 1679315147\n"
        b"example.com/behind-the-sofa\n"
        b"20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    assert ed25519_message(MOMENT, BODY.encode()) == message
    cosigner = COSIGNERS[COSIGNATURE_ED25519]
    [line] = parse_note(sign_note(BODY, [cosigner.at(MOMENT)])).signatures
    assert line.signature[:8] == bytes.fromhex("0000000064 1850cb")
    assert len(line.signature) == 8 + 64
    Ed25519PublicKey.from_public_bytes(cosigner.verifier().public_key).verify(line.signature[8:], message)


def test_an_ml_dsa_44_cosignature_signs_the_structure_of_the_specification():
    message = (
        b"subtree/v1\n\0"
        b"\x16witness.example.com/w1"
        b"\x00\x00\x00\x00\x64\x18\x50\xcb"
        b"\x1bexample.com/behind-the-sofa"
        b"\x00\x00\x00\x00\x00\x00\x00\x00"
        b"\x00\x00\x00\x00\x01\x3e\x2d\xc3" + ROOT
    )
    assert ml_dsa_44_message("witness.example.com/w1", MOMENT, ORIGIN, 0, 20_852_163, ROOT) == message
    cosigner = COSIGNERS[COSIGNATURE_ML_DSA_44]
    [line] = parse_note(sign_note(BODY, [cosigner.at(MOMENT)])).signatures
    assert len(line.signature) == 8 + 2420
    assert len(cosigner.verifier().public_key) == 1312
    public = MLDSA44PublicKey.from_public_bytes(cosigner.verifier().public_key)
    public.verify(line.signature[8:], message)
    with pytest.raises(InvalidSignature):
        public.verify(line.signature[8:], message[:-1] + b"\0")


@of_each_type
def test_the_key_id_is_a_hash_of_name_type_and_key(cosigner: Cosigner):
    known = cosigner.verifier()
    hashed = sha256(b"witness.example.com/w1\n" + known.signature_type + known.public_key).digest()
    assert known.key_id == hashed[:4]
    assert known.vkey() == f"witness.example.com/w1+{hashed[:4].hex()}+" + encode_base64(
        known.signature_type + known.public_key
    )


def test_the_line_of_the_specification_tells_its_time():
    line = (
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0"
        "xUe+mbIUBkBIfZ+qnA==\n"
    )
    [signature] = parse_note(f"{BODY}\n{line}").signatures
    assert timestamp_of(signature.signature) == MOMENT


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed")
@pytest.mark.skipif(not Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/note").is_dir(), reason="no x/mod for Go")
def test_go_opens_a_checkpoint_with_an_ed25519_cosignature(tmp_path: Path):
    cosigner = COSIGNERS[COSIGNATURE_ED25519]
    strange = COSIGNERS[COSIGNATURE_ML_DSA_44]  # a type it does not know is passed over
    (tmp_path / "note").write_text(CHECKPOINT.sign(LOG, cosigner.at(MOMENT), strange.at(MOMENT)), "utf-8")
    source = Path(__file__).with_name("cosignature.go")
    done = subprocess.run(
        [
            "go",
            "run",
            str(source),
            str(tmp_path / "note"),
            LOG.verifier().vkey(),
            cosigner.name,
            cosigner.verifier().public_key.hex(),
        ],
        env={**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [ORIGIN, f"{cosigner.name} 1679315147"], done.stderr


# --- what is believed --------------------------------------------------------------------------------------


@of_each_type
def test_a_checkpoint_of_log_and_witness_is_opened_with_both_keys(cosigner: Cosigner):
    note = CHECKPOINT.sign(LOG, cosigner.at(MOMENT))
    opened = open_note(note, [LOG.verifier(), cosigner.verifier()])
    assert [each.name for each in opened.signatures] == [ORIGIN, cosigner.name]
    assert Checkpoint.open(note, ORIGIN, [LOG.verifier(), cosigner.verifier()]) == CHECKPOINT


@of_each_type
@given(size=st.integers(1, MAX_SIZE), root=st.binary(min_size=32, max_size=32), moment=st.integers(0, 2**63 - 1))
def test_every_checkpoint_can_be_cosigned_at_every_time(cosigner: Cosigner, size: int, root: bytes, moment: int):
    note = Checkpoint(ORIGIN, size, root).sign(cosigner.at(moment))
    [line] = open_note(note, [cosigner.verifier()]).signatures
    assert timestamp_of(line.signature) == moment


@of_each_type
def test_a_cosignature_does_not_carry_over_to_anything_else(cosigner: Cosigner):
    [line] = parse_note(CHECKPOINT.sign(cosigner.at(MOMENT))).signatures
    known = cosigner.verifier()
    later = line.signature[:7] + bytes([line.signature[7] ^ 1]) + line.signature[8:]
    for text, signature in (
        (BODY.replace("20852163", "20852164"), line.signature),
        (BODY.replace("behind", "before"), line.signature),
        (Checkpoint(ORIGIN, 20_852_163, bytes(32)).body(), line.signature),
        (BODY + "an extension\n", line.signature),
        ("no checkpoint\n", line.signature),
        (BODY, later),
        (BODY, line.signature[:-1]),
        (BODY, line.signature + b"\0"),
        (BODY, line.signature[8:]),
        (BODY, bytes(8) + line.signature[8:]),
        (BODY, b""),
    ):
        assert not known.verify(text.encode(), signature)
        if signature:
            with pytest.raises(SignatureError, match="is not over this text"):
                open_note(format_note(text, [line._replace(signature=signature)]), [known])
    assert not known.verify(b"\xff\n", line.signature)
    assert known.verify(BODY.encode(), line.signature)


def test_an_ml_dsa_44_cosignature_is_of_one_name_and_an_ed25519_one_is_not():
    for kind, carries in ((COSIGNATURE_ML_DSA_44, False), (COSIGNATURE_ED25519, True)):
        [line] = parse_note(CHECKPOINT.sign(COSIGNERS[kind].at(MOMENT))).signatures
        other = CosignatureVerifier("witness.example.com/w2", COSIGNERS[kind].verifier().public_key, kind)
        assert other.verify(BODY.encode(), line.signature) is carries


@of_each_type
def test_a_time_that_is_none_is_not_signed_and_not_believed(cosigner: Cosigner):
    for moment in (-1, 2**63):
        with pytest.raises(FormatError, match="not a time"):
            cosigner.at(moment)
    moment = 2**63
    ed25519 = cosigner.signature_type == COSIGNATURE_ED25519
    message = (
        ed25519_message(moment, BODY.encode())
        if ed25519
        else ml_dsa_44_message(cosigner.name, moment, ORIGIN, 0, 20_852_163, ROOT)
    )
    signature = moment.to_bytes(8, "big") + cosigner.sign_message(message)
    assert not cosigner.verifier().verify(BODY.encode(), signature)


@of_each_type
def test_what_is_no_checkpoint_is_not_cosigned(cosigner: Cosigner):
    for text in ("some other text\n", BODY + "an extension\n"):
        with pytest.raises(FormatError):
            sign_note(text, [cosigner.at(MOMENT)])


def test_a_part_of_a_log_is_cosigned_without_a_time():
    assert ml_dsa_44_message("w", 0, "o", 8, 13, ROOT)[-48:-32] == bytes([0] * 7 + [8] + [0] * 7 + [13])
    with pytest.raises(FormatError, match="without a time"):
        ml_dsa_44_message("w", MOMENT, "o", 8, 13, ROOT)


def test_names_are_at_most_255_bytes_long_where_their_length_is_a_byte():
    longest = "é" * 127 + "e"
    Cosigner(longest, bytes(32))
    assert Checkpoint(longest, 1, ROOT).sign(COSIGNERS[COSIGNATURE_ML_DSA_44].at(MOMENT))
    with pytest.raises(FormatError, match="1 to 255 bytes"):
        Cosigner(longest + "e", bytes(32))
    with pytest.raises(FormatError, match="1 to 255 bytes"):
        Checkpoint(longest + "e", 1, ROOT).sign(COSIGNERS[COSIGNATURE_ML_DSA_44].at(MOMENT))


@pytest.mark.parametrize("length", [0, 7, 64, 71, 73, 2420, 2429])
def test_what_has_another_length_has_no_time(length: int):
    with pytest.raises(FormatError, match="no cosignature"):
        timestamp_of(bytes(length))


# --- keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [LOG.verifier(), *(each.verifier() for each in COSIGNERS.values())])
def test_a_verifier_key_of_each_type_comes_back_from_its_line(key: Verifier | CosignatureVerifier):
    parsed = parse_vkey(key.vkey())
    assert type(parsed) is type(key)
    assert (parsed.vkey(), parsed.key_id, parsed.public_key) == (key.vkey(), key.key_id, key.public_key)


@of_each_type
def test_a_verifier_key_with_anything_changed_is_refused(cosigner: Cosigner):
    vkey = cosigner.verifier().vkey()
    name, hexid, key = vkey.split("+", 2)
    raw = decode_base64(key)
    other = TYPES[0] if raw[:1] == TYPES[1] else TYPES[1]
    for changed in (
        "",
        name,
        f"{name}+{hexid}",
        f"{name}+{hexid}+",
        f"x{vkey}",
        f"{name}+{hexid.upper()}+{key}" if hexid.upper() != hexid else "",
        f"{name}+00000000+{key}",
        f"{vkey}\n",
        f"{name}+{hexid}+{encode_base64(raw[:-1])}",
        f"{name}+{hexid}+{encode_base64(raw + bytes(1))}",
        f"{name}+{hexid}+{encode_base64(other + raw[1:])}",
        f"{name}+{hexid}+{encode_base64(bytes([2]) + raw[1:])}",
        f"{name}+{hexid}+{encode_base64(raw[:1] + bytes([raw[1] ^ 1]) + raw[2:])}",
    ):
        with pytest.raises(FormatError):
            parse_vkey(changed)


def test_a_key_of_another_length_type_or_name_is_refused():
    for length in (0, 31, 33, 1312):
        with pytest.raises(FormatError, match="32 bytes"):
            Cosigner("a.example", bytes(length))
    for kind, length in ((COSIGNATURE_ED25519, 1312), (COSIGNATURE_ML_DSA_44, 32), (COSIGNATURE_ML_DSA_44, 1311)):
        with pytest.raises(FormatError, match="bytes long"):
            CosignatureVerifier("a.example", bytes(length), kind)
    for kind in (b"", b"\x01", b"\x05"):
        with pytest.raises(FormatError, match="type of cosignature"):
            Cosigner("a.example", bytes(32), kind)
    for name in ("", "a b", "a+b"):
        with pytest.raises(FormatError):
            Cosigner(name, bytes(32))
