"""`ledger log accept-loss`: going on where facts are gone for good, or where a key of the log is lost or stolen.

Both logs of the house take a new name and new keys, by a fact each (ledger.aggregates.ledger_stream.LossAccepted): the
ledger the name that is given, its access log that with /access.  The trees go on.  What was signed under the old name
holds up to where it ended; nothing vouches for the new keys, which whoever checks must be given by hand.

The fact names the last checkpoint under the old name that somebody outside holds: the one given as `held`, else the
newest that witnesses cosigned, else the one in the checkpoint file.  Whoever holds a later one can show what is gone.

It is refused where nothing is lost, unless a key was stolen, which only people know.  What is cut short is finished by
asking for the same name again.

Proven by tests/store/test_losing.py and tests/journeys/test_log_keys.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from ledger.aggregates.ledger_stream import CAUSES, ORIGIN, STREAM, SYSTEM, LossAccepted
from ledger.errors import Setup, StaleVersion
from ledger.settings import Settings
from ledger.store import mapping
from ledger.store.appending import STATEMENTS, Append, Receipt
from ledger.store.checkpoint_files import keep_newest
from ledger.store.log import Log
from ledger.store.mapping import Draft, Envelope
from ledger.store.naming import anew, losses_of, take_over
from ledger.store.opening import Place, Store, kind_of, open_store
from ledger.store.rotating import TRIES
from ledger.store.sequencer import Sequencer
from ledger.store.vault import secret_file
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import Cosigner, KnownKey
from ledger.transparency.errors import TransparencyError
from ledger.transparency.note import Signer, open_note, parse_note

STOLEN: Final = "key-stolen"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an operator asks for.  `held`: notes that somebody outside holds, of either log; `keys`: verifier keys of
    the old name, where the files that would say so are gone."""

    origin: str
    cause: str
    held: Sequence[str] = ()
    keys: Sequence[KnownKey] = ()


class Accepted(NamedTuple):
    """One log under its new name: where the fact stands, its keys, the checkpoint it names, the files set aside."""

    name: str
    origin: str
    earlier: str
    position: int
    vkeys: Sequence[str]
    checkpoint: Checkpoint | None
    set_aside: Sequence[Path]

    def listed(self) -> dict[str, Any]:
        """As programs read it."""
        named = self.checkpoint
        return {
            "log": self.name,
            "origin": self.origin,
            "earlier_origin": self.earlier,
            "position": self.position,
            "vkeys": list(self.vkeys),
            "names_checkpoint": {"origin": named.origin, "size": named.size} if named else None,
            "set_aside": [str(each) for each in self.set_aside],
        }


async def accept_loss(settings: Settings, wanted: Wanted, places: Sequence[Place] | None = None) -> list[Accepted]:
    """Go on under another name; what was done to each log, the ledger's own first.

    Raises Setup where nothing is lost, or no key is known that signed what was; and as `open_store` and
    `Sequencer.append`.
    """
    if wanted.cause not in CAUSES:
        raise Setup(f"{wanted.cause[:40]} is no cause: use one of {', '.join(CAUSES)}.")
    store = await open_store(settings.model_copy(update={"origin": None}), places=places)
    try:
        return await _accept(store, wanted)
    finally:
        await store.close()


async def _accept(store: Store, wanted: Wanted) -> list[Accepted]:
    head = await store.database.head()
    assert head is not None
    kind = kind_of(head)
    origin = f"{wanted.origin}/{kind}" if kind else wanted.origin
    names = ((store, origin), (store.access, f"{origin}/access"))
    left = [(of, name) for of, name in names if of.origin != name]
    if not left:
        raise Setup(f"This ledger is called {origin} already. Give it a name that it never had.")
    cut_short = len(left) < len(names)
    if not cut_short and wanted.cause != STOLEN and not any(of.read_only for of, _ in left):
        raise Setup("Nothing is lost: both logs hold what was acknowledged, under their own keys. Nothing was done.")
    for of, name in left:
        await _check_name(of, name)
    ready = [(of, name, await _earlier_keys(of, wanted)) for of, name in left]
    return [await _renamed(store.home, of, name, wanted, earlier) for of, name, earlier in ready]


async def _check_name(of: Log, name: str) -> None:
    had = {of.origin, *(each.origin for each in of.earlier)}
    if (note := of.released.read()) is not None:
        had.add(note.split("\n")[0])
    if name in had:
        raise Setup(f"The {of.kept.name} was called {name} before. Give it a name that it never had.")


async def _earlier_keys(of: Log, wanted: Wanted) -> list[KnownKey]:
    """Those that signed what is kept under the old name.  Raises Setup where something is kept and none is known."""
    newest = await of.database.newest_note()
    notes = [each for each in (of.released.read(), newest) if each]
    known = [*of.keys.known, *of.second.keys.known, *wanted.keys]
    known = [each for each in {each.vkey(): each for each in known}.values() if each.name == of.origin]
    signed = [each for each in known if any(_signed(note, each) for note in notes)]
    if notes and not signed:
        raise Setup(
            f"No key is known that signed the checkpoints of {of.origin}. Give its verifier key, as an auditor or a "
            "witness has it: --key VKEY."
        )
    return signed


def _signed(note: str, key: KnownKey) -> bool:
    try:
        return bool(open_note(note, [key]))
    except TransparencyError:
        return False


def _named(of: Log, wanted: Wanted) -> str | None:
    """The last checkpoint under the old name that somebody outside holds; its note."""
    cosigned = of.cosigned.path
    notes = [
        *(each for each in wanted.held if each.split("\n")[0] == of.origin),
        *([cosigned.read_text("utf-8", errors="replace")] if cosigned.exists() else []),
        *([kept] if (kept := of.released.read()) is not None else []),
    ]
    for each in notes:
        try:
            Checkpoint.parse(parse_note(each).text)
        except TransparencyError:
            continue
        return each
    return None


async def _renamed(home: Path, of: Log, name: str, wanted: Wanted, earlier: Sequence[KnownKey]) -> Accepted:
    """Seal the fact under the new key, and then let the new keys take over."""
    first, second = anew(home, of.kept)
    try:
        signer, beside = Signer(name, secret_file(first)), Cosigner(name, secret_file(second))
    except TransparencyError as problem:
        raise Setup(f"A log cannot be called {name[:80]}: {problem}.") from problem
    named = _named(of, wanted)
    fact = LossAccepted(
        cause=wanted.cause,
        origin=name,
        vkeys=[signer.verifier().vkey(), beside.verifier().vkey()],
        earlier_origin=of.origin,
        earlier_vkeys=[each.vkey() for each in earlier],
        checkpoint=named,
    )
    receipt = await _sealed(of, fact, signer)
    loss = (await losses_of(of.database))[-1]
    aside = await asyncio.to_thread(take_over, home, of.kept, loss)
    await of.database.keep_note(receipt.size, receipt.note)
    both = Checkpoint.parse(parse_note(receipt.note).text).sign(signer, beside.at(0))
    await asyncio.to_thread(keep_newest, of.released.path, receipt.size, both)
    checkpoint = Checkpoint.parse(parse_note(named).text) if named else None
    return Accepted(of.kept.name, name, of.origin, loss.position, fact.vkeys, checkpoint, aside)


async def _sealed(of: Log, fact: LossAccepted, signer: Signer) -> Receipt:
    """By a sequencer of its own: the log's may be closed for writing, and signs under the old name."""
    sequencer = Sequencer(
        lambda: of.database.connect(STATEMENTS),
        signer,
        simulated=of.simulated,
        deadline=of.deadline,
        losses=len(of.earlier),
    )
    try:
        for _ in range(TRIES):
            stored = await of.database.stream(STREAM)
            head = await of.database.head()
            assert head is not None
            moment = head.recorded if of.simulated and head.size else datetime.now(UTC)
            version = int(stored[-1].members["version"]) if stored else 0
            draft = Draft(mapping.fact_id(moment), STREAM, version + 1, fact, moment, about=(ORIGIN,))
            made = mapping.pending(of.bound_to, draft, Envelope(SYSTEM, policy=0), {})
            try:
                receipt = await sequencer.append(Append([made]))
            except StaleVersion:
                continue
            assert isinstance(receipt, Receipt)
            return receipt
        raise Setup("Others write to this ledger just now. Stop them, and ask for the same name again.")
    finally:
        await sequencer.close()


def told(accepted: Sequence[Accepted], cause: str) -> list[str]:
    """For people: what was done, and what they have to do now."""
    lines: list[str] = []
    for each in accepted:
        named = f"; the last checkpoint named is of {each.checkpoint.size:,} facts" if each.checkpoint else ""
        lines += [
            f"The {each.name} is called {each.origin} from position {each.position:,} on{named}.",
            *(f"  its key: {vkey}" for vkey in each.vkeys),
            *(f"  set aside: {file}" for file in each.set_aside),
        ]
    lines += [
        "Nothing vouches for these keys but you: give them by hand to auditors, witnesses, whoever holds the old ones.",
        "Start again what runs on this ledger. Tokens of before are not taken any more. Change LEDGER_ORIGIN, if set.",
    ]
    if cause == STOLEN:
        lines.append("If the vault's key lay beside the stolen one, run 'ledger vault rewrap'.")
    return lines


__all__: Final = ["STOLEN", "Accepted", "Wanted", "accept_loss", "told"]
