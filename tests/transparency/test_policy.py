"""A policy is read strictly, and a checkpoint passes exactly when enough of its witnesses cosigned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import COSIGNATURE_ED25519, Cosigner
from ledger.transparency.errors import FormatError, SignatureError
from ledger.transparency.note import Signer, format_note, parse_note
from ledger.transparency.policy import Policy

ORIGIN = "ledger.example/kent"
LOG = Signer(ORIGIN, b"\x01" * 32)
CHECKPOINT = Checkpoint(ORIGIN, 9, bytes(32))
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
COSIGNERS = {
    name: Cosigner(f"witness.example/{name}", name.encode().ljust(32), *([COSIGNATURE_ED25519] if at % 2 else []))
    for at, name in enumerate(NAMES)
}
LOG_LINE = f"log {LOG.verifier().vkey()}\n"
LINES = {name: f"witness {name} {each.verifier().vkey()}\n" for name, each in COSIGNERS.items()}
EXAMPLE = (
    f"# two organisations\n{LOG_LINE}\n{''.join(LINES.values())}"
    "group X-witnesses 2 X1 X2 X3\n"
    "group Y-witnesses any Y1 Y2 Y3\n"
    "\t group X-and-Y  all\tX-witnesses Y-witnesses \n"
    "quorum X-and-Y\n"
)


def read(text: str) -> Policy:
    return Policy.parse(text.encode())


def note(*signed: str) -> str:
    return CHECKPOINT.sign(LOG, *(COSIGNERS[name].at(1_700_000_000) for name in signed))


@given(st.sets(st.sampled_from(NAMES)))
def test_the_example_of_the_specification_asks_two_of_one_side_and_one_of_the_other(signed: set[str]):
    enough = len(signed & {"X1", "X2", "X3"}) >= 2 and bool(signed & {"Y1", "Y2", "Y3"})
    policy = read(EXAMPLE)
    assert policy.satisfied(signed) is enough
    text = note(*sorted(signed))
    assert policy.signed(text) == (CHECKPOINT, frozenset(signed))
    if enough:
        assert policy.open(text) == (CHECKPOINT, frozenset(signed))
    else:
        with pytest.raises(SignatureError, match="lacks cosignatures: X-and-Y is asked for"):
            policy.open(text)


def test_no_quorum_asks_for_nobody():
    policy = read(f"{LOG_LINE}quorum none\n")
    assert policy.open(note()) == (CHECKPOINT, frozenset())


def test_one_witness_may_be_the_quorum():
    policy = read(f"{LOG_LINE}{LINES['X1']}quorum X1\n")
    assert policy.satisfied({"X1"})
    assert not policy.satisfied(set())


def test_logs_and_witnesses_may_say_where_they_answer():
    policy = read(f"{LOG_LINE[:-1]} https://log\n{LINES['X1'][:-1]} https://x1/\nquorum none\n")
    assert [policy.logs[0].url, policy.witnesses["X1"].url] == ["https://log", "https://x1/"]
    assert read(EXAMPLE).witnesses["X1"].url is None


def test_a_log_may_be_known_by_either_of_its_keys():
    quantum = Cosigner(ORIGIN, b"\x02" * 32)
    policy = read(f"{LOG_LINE}log {quantum.verifier().vkey()}\nquorum none\n")
    for signer in (LOG, quantum.at(0)):
        assert policy.open(CHECKPOINT.sign(signer))[0] == CHECKPOINT


def test_a_log_known_from_elsewhere_takes_the_place_of_those_listed():
    policy = read(f"{LINES['X1']}quorum X1\n")
    with pytest.raises(SignatureError, match="knows no log"):
        policy.open(note("X1"))
    assert policy.open(note("X1"), [LOG.verifier()])[0] == CHECKPOINT


def test_witnesses_without_the_log_are_not_believed():
    with pytest.raises(SignatureError, match="no known key of"):
        read(EXAMPLE).open(CHECKPOINT.sign(*(each.at(1) for each in COSIGNERS.values())))


def test_a_wrong_cosignature_by_a_known_witness_refuses_the_checkpoint():
    *_, line = parse_note(note("X1")).signatures
    wrong = line._replace(signature=bytes(len(line.signature)))
    with pytest.raises(SignatureError, match="is not over this text"):
        read(EXAMPLE).open(format_note(CHECKPOINT.body(), [*parse_note(note("X2", "X3", "Y1")).signatures, wrong]))


def test_a_cosignature_by_somebody_else_counts_for_nothing():
    stranger = Cosigner("witness.example/X1", b"\x77" * 32)
    policy = read(f"{LOG_LINE}{LINES['X1']}quorum X1\n")
    with pytest.raises(SignatureError, match="nobody signed"):
        policy.open(CHECKPOINT.sign(LOG, stranger.at(1)))


def test_names_are_bytes_and_not_letters():
    data = LINES["X1"].encode().replace(b"witness X1", b"witness \xff\xe2") + b"quorum \xff\xe2\n"
    assert Policy.parse(data).satisfied(["\udcff\udce2"])
    kelvin = LINES["X1"].replace("witness X1", "witness \u212a") + "quorum K\n"
    with pytest.raises(FormatError, match="nothing is called K"):
        read(kelvin)
    # A space that is not ASCII is part of a name.
    assert read(LINES["X1"].replace("witness X1", "witness a\u00a0b") + "quorum a\u00a0b\n")


@pytest.mark.parametrize(
    "text,reason",
    [
        ("", "exactly one quorum"),
        (LOG_LINE, "exactly one quorum"),
        ("quorum none\nquorum none\n", "line 2: a policy has exactly one quorum"),
        ("quorum none", "does not end"),
        ("quorum none\r\n", "control character: 0x0d"),
        ("quorum none\0\n", "control character: 0x00"),
        ("quorum none\x7f\n", "control character: 0x7f"),
        ("quorum\n", "not a line"),
        ("quorum none none\n", "not a line"),
        ("Quorum none\n", "not a line"),
        ("hello\n", "not a line"),
        ("quorum X1\n" + LINES["X1"], "line 1: nothing is called X1 yet"),
        ("log x\nquorum none\n", "line 1"),
        (LOG_LINE[:-1] + " url more\nquorum none\n", "not a line"),
        (LOG_LINE * 2 + "quorum none\n", "line 2: this log is listed already"),
        (LINES["X2"].replace("witness X2", "log") + "quorum none\n", "0x01 or 0x06"),
        (LOG_LINE.replace("log", "witness W") + "quorum none\n", "0x04 or 0x06"),
        (LINES["X1"] * 2 + "quorum none\n", "X1 is taken"),
        (LINES["X1"] + LINES["X1"].replace("witness X1", "witness Z") + "quorum none\n", "the same public key"),
        (LINES["X1"].replace("witness X1", "witness none") + "quorum none\n", "none is taken"),
        (LINES["X1"] + "group X1 any X1\nquorum none\n", "X1 is taken"),
        (LINES["X1"] + "group none any X1\nquorum none\n", "none is taken"),
        (LINES["X1"] + "group g any\nquorum none\n", "not a line"),
        (LINES["X1"] + "group g any none\nquorum none\n", "nothing is called none"),
        (LINES["X1"] + "group g any g\nquorum none\n", "nothing is called g"),
        (LINES["X1"] + "group g any X1 X1\nquorum none\n", "X1 is a member already"),
        (LINES["X1"] + "group g any X1\ngroup h any X1\nquorum none\n", "X1 is a member already"),
        (LINES["X1"] + "group g 0 X1\nquorum none\n", "all, any or a number"),
        (LINES["X1"] + "group g 01 X1\nquorum none\n", "all, any or a number"),
        (LINES["X1"] + "group g some X1\nquorum none\n", "all, any or a number"),
        (LINES["X1"] + "group g 2 X1\nquorum none\n", "1 members cannot be 2"),
    ],
)
def test_a_policy_that_says_nothing_clear_is_refused_with_the_reason(text: str, reason: str):
    with pytest.raises(FormatError, match=reason):
        read(text)


def test_a_policy_may_have_many_of_everything():
    cosigners = [Cosigner(f"w{at}", at.to_bytes(32, "big"), COSIGNATURE_ED25519) for at in range(64)]
    lines = [f"witness n{at} {each.verifier().vkey()}\n" for at, each in enumerate(cosigners)]
    groups = [f"group g{at} 1 n{at} {f'g{at - 1}' if at else ''}\n" for at in range(64)]
    policy = read("".join([*lines, *groups, "quorum g63\n"]))
    assert policy.satisfied({"n0"})
    assert not policy.satisfied(set())
