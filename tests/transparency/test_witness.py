"""A witness cosigns what continues what it holds and nothing else, and says why in the protocol's own numbers."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.transparency.histories import LOG, ORIGIN, History

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import COSIGNATURE_ED25519, Cosigner, timestamp_of
from ledger.transparency.errors import FormatError, SignatureError, TransparencyError
from ledger.transparency.note import Signer, encode_base64, format_note, open_note, parse_note
from ledger.transparency.tree import EMPTY_ROOT
from ledger.transparency.witness import MAX_PROOF, Answer, Held, Witness, parse_request, request_of

SIZE = 40
NOW = 1_700_000_000
ONE, OTHER = History.of(SIZE), History.of(SIZE, 5)
OWN = [Cosigner("witness.example/w1", b"\x05" * 32), Cosigner("witness.example/w0", b"\x06" * 32, COSIGNATURE_ED25519)]
WITNESS = Witness({ORIGIN: [LOG.verifier()]}, OWN)
STRANGER = Signer(ORIGIN, b"\x09" * 32)


def ask(held: Held | None, old: int, history: History, size: int, note: str | None = None) -> Answer:
    body = request_of(old, history.proof(old, size), note or history.note(size))
    return WITNESS.answer(body, {ORIGIN: held}.get, NOW)


def holding(size: int) -> Held:
    held = ask(None, 0, ONE, size).held
    assert held is not None
    return held


# --- the answers -------------------------------------------------------------------------------------------


def test_a_first_checkpoint_is_cosigned_by_every_key_of_the_witness():
    answer = ask(None, 0, ONE, 7)
    assert (answer.status, answer.content_type) == (200, "text/plain; charset=utf-8")
    assert answer.body.startswith("— ")
    assert answer.body.endswith("\n")
    known = [each.verifier() for each in OWN]
    lines = open_note(f"{ONE.at(7).body()}\n{answer.body}", known).signatures
    assert [each.name for each in lines] == ["witness.example/w1", "witness.example/w0"]
    assert {timestamp_of(each.signature) for each in lines} == {NOW}


def test_what_is_held_bears_the_logs_signature_and_the_witnesss_own():
    held = ask(None, 0, ONE, 7, ONE.note(7, LOG, STRANGER)).held
    assert held is not None
    assert held.checkpoint == ONE.at(7)
    signed = parse_note(held.note).signatures
    assert [(each.name, each.key_id) for each in signed] == [
        (ORIGIN, LOG.key_id),
        *((each.name, each.verifier().key_id) for each in OWN),
    ]
    assert WITNESS.read_held(held.note) == held


@pytest.mark.parametrize("old,size", [(1, 2), (7, 8), (8, 9), (8, 16), (13, 40), (13, 13)])
def test_a_checkpoint_that_continues_the_one_held_is_cosigned(old: int, size: int):
    answer = ask(holding(old), old, ONE, size)
    assert answer.status == 200
    assert answer.held is not None
    assert answer.held.size == size
    assert answer.fork is None


def test_an_old_size_that_is_not_held_is_answered_with_the_one_that_is():
    for held, old in ((holding(7), 0), (holding(7), 6), (holding(7), 8), (None, 3)):
        answer = ask(held, old, ONE, 13)
        size = held.size if held else 0
        assert answer == Answer(409, f"{size}\n", "text/x.tlog.size")


def test_a_log_that_is_not_known_is_not_found():
    note = Checkpoint("ledger.example/essex", 3, bytes(32)).sign(Signer("ledger.example/essex", bytes(32)))
    assert WITNESS.answer(request_of(0, [], note), {}.get, NOW).status == 404


def test_a_checkpoint_the_log_did_not_sign_is_forbidden():
    assert ask(None, 0, ONE, 7, ONE.note(7, STRANGER)).status == 403
    [line] = parse_note(ONE.note(8)).signatures
    wrong = format_note(ONE.at(7).body(), [line])
    assert ask(None, 0, ONE, 7, wrong).status == 403
    # A good signature by another key beside a wrong one by a known key does not make up for it.
    both = format_note(ONE.at(7).body(), [*parse_note(ONE.note(7, STRANGER)).signatures, line])
    assert ask(None, 0, ONE, 7, both).status == 403


def test_an_old_size_above_the_checkpoints_own_is_no_request():
    assert ask(holding(13), 13, ONE, 7).status == 400
    assert ask(holding(7), 13, ONE, 7).status == 400


def test_a_proof_that_does_not_hold_is_not_cosigned():
    held = holding(13)
    good = ONE.proof(13, 29)
    for proof in ([], good[:-1], [*good, bytes(32)], [bytes(32), *good[1:]], good[::-1]):
        answer = WITNESS.answer(request_of(13, proof, ONE.note(29)), {ORIGIN: held}.get, NOW)
        assert (answer.status, answer.held, answer.fork) == (422, None, None)
    answer = WITNESS.answer(request_of(13, [bytes(32)], ONE.note(13)), {ORIGIN: held}.get, NOW)
    assert answer.status == 422
    answer = WITNESS.answer(request_of(0, [bytes(32)], ONE.note(13)), {}.get, NOW)
    assert answer.status == 422


def test_an_empty_log_is_cosigned_and_then_continued():
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT).sign(LOG)
    held = WITNESS.answer(request_of(0, [], empty), {}.get, NOW).held
    assert held is not None
    assert held.size == 0
    assert ask(held, 0, ONE, 7).status == 200


def test_an_empty_log_with_another_root_is_not_cosigned():
    body = f"{ORIGIN}\n0\n{encode_base64(bytes(32))}\n"
    for signer, status in ((LOG, 422), (STRANGER, 403)):
        [line] = parse_note(ONE.note(7, signer)).signatures
        note = format_note(body, [line._replace(signature=signer.sign(body.encode()))])
        assert WITNESS.answer(request_of(0, [], note), {}.get, NOW).status == status


# --- forks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", [0, 6, 13])
def test_a_second_root_for_the_size_held_is_a_fork_whatever_is_said_of_the_old_size(old: int):
    answer = ask(holding(13), old, OTHER, 13)
    assert answer.status == (422 if old == 13 else 409)
    assert answer.held is None
    assert answer.fork is not None
    answer.fork.verify(ORIGIN, [LOG.verifier()])


def test_a_second_history_is_refused_with_its_proof_and_the_first_goes_on():
    held = holding(13)
    answer = ask(held, 13, OTHER, 29)
    assert (answer.status, answer.held) == (422, None)
    assert answer.fork is not None
    answer.fork.verify(ORIGIN, [LOG.verifier()])
    assert ask(held, 13, ONE, 29).status == 200


def test_histories_that_part_only_after_what_is_held_are_not_told_apart_yet():
    held = holding(5)
    answer = ask(held, 5, OTHER, 29)
    assert answer.status == 200
    assert ask(answer.held, 29, ONE, 29).fork is not None


# --- requests ----------------------------------------------------------------------------------------------


def test_a_request_comes_back_from_its_body():
    proof = ONE.proof(13, 29)
    request = parse_request(request_of(13, proof, ONE.note(29)).encode())
    assert (request.old, list(request.proof), request.checkpoint) == (13, proof, ONE.at(29))
    assert request.note == ONE.note(29)


HASH = encode_base64(bytes(32))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n",
        "old 0\n",
        "old 0\n\n",
        ONE.note(7),
        f"old 0\n{ONE.note(7)}",
        f"old\n\n{ONE.note(7)}",
        f"old  0\n\n{ONE.note(7)}",
        f"Old 0\n\n{ONE.note(7)}",
        f"old 00\n\n{ONE.note(7)}",
        f"old 01\n\n{ONE.note(7)}",
        f"old +1\n\n{ONE.note(7)}",
        f"old ٣\n\n{ONE.note(7)}",
        f"old -1\n\n{ONE.note(7)}",
        f"old {2**63}\n\n{ONE.note(7)}",
        f"old 3\r\n\r\n{ONE.note(7)}",
        f"old 3\n{HASH[:-1]}\n\n{ONE.note(7)}",
        f"old 3\n {HASH}\n\n{ONE.note(7)}",
        f"old 3\n{encode_base64(bytes(31))}\n\n{ONE.note(7)}",
        f"old 3\n{encode_base64(bytes(33))}\n\n{ONE.note(7)}",
        f"old 3\n{f'{HASH}x' * (MAX_PROOF + 1)}\n{ONE.note(7)}".replace("x", "\n"),
        f"old 3\n\n\n{ONE.note(7)}",
        f"old 3\n\n{ONE.note(7)[:-1]}",
        f"old 3\n\n{ONE.note(7)}\n",
        f"old 3\n\n{ONE.at(7).body()}",
        f"old 3\n\n{ONE.note(7).replace(ORIGIN, '', 1)}",
        f"old 3\n\n{ONE.note(7)}".encode() + b"\xff",
    ],
)
def test_what_is_no_request_is_answered_400(body: str | bytes):
    assert WITNESS.answer(body, {}.get, NOW).status == 400


def test_as_many_hashes_as_any_tree_can_need_are_read():
    assert WITNESS.answer(request_of(3, [bytes(32)] * MAX_PROOF, ONE.note(7)), {}.get, NOW).status == 409


def test_a_witness_has_a_key():
    with pytest.raises(FormatError):
        Witness({}, [])


def test_a_witness_goes_on_only_from_what_it_signed_itself():
    held = holding(7)
    signed = parse_note(held.note).signatures
    for note in (ONE.note(7), format_note(ONE.at(7).body(), signed[:-1]), format_note(ONE.at(7).body(), signed[1:])):
        with pytest.raises(SignatureError):
            WITNESS.read_held(note)
    with pytest.raises(TransparencyError):
        WITNESS.read_held(held.note.replace("\n7\n", "\n8\n"))


# --- any order of anything ---------------------------------------------------------------------------------


class AnyAskers(RuleBasedStateMachine):
    """Askers of two histories that part at leaf 5, in any order, with any old sizes and spoilt proofs."""

    def __init__(self) -> None:
        super().__init__()
        self.held: Held | None = None
        self.cosigned: list[tuple[History, int]] = []

    @rule(
        history=st.sampled_from((ONE, OTHER)),
        old=st.none() | st.integers(0, SIZE),
        size=st.integers(1, SIZE),
        spoilt=st.booleans(),
    )
    def asks(self, history: History, old: int | None, size: int, spoilt: bool) -> None:
        held = self.held.size if self.held else 0
        claimed = held if old is None else old
        proof = history.proof(claimed, size)
        if spoilt and proof:
            proof[0] = bytes(32)
        answer = WITNESS.answer(request_of(claimed, proof, history.note(size)), {ORIGIN: self.held}.get, NOW)
        if answer.fork is not None:
            answer.fork.verify(ORIGIN, [LOG.verifier()])
        assert (answer.held is not None) == (answer.status == 200)
        if answer.held is not None:
            self.held = answer.held
            self.cosigned.append((history, size))

    @invariant()
    def every_checkpoint_cosigned_continues_all_before(self) -> None:
        sizes = [size for _, size in self.cosigned]
        assert sizes == sorted(sizes)
        if self.cosigned:
            last, _ = self.cosigned[-1]
            assert all(last.at(size) == history.at(size) for history, size in self.cosigned)


AnyAskers.TestCase.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)
test_whoever_asks_in_whatever_order_only_one_history_is_cosigned = AnyAskers.TestCase
