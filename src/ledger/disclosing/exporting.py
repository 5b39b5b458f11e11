"""A case leaves the house: a bundle with the openings that role and purpose allow, sealed in the access log first.

    exporting = Exporting(store, cases, access, close_now)
    export = await exporting.export("offender-019a…", "court", "Worcester Crown Court", actor)
    export.data                                 the zip (ledger.transparency.bundle), verified before it leaves

The checkpoint bears the signatures of both keys of the log, the proofs under it that of the first alone: the second's
is longer than all the rest of a proof.

One moment rules all of it: a closing, made anew or reused if nothing was recorded about the case since.  What is in the
bundle is what was sealed up to there, whatever is recorded while it is made.  A value whose key is gone is left out
where a fact of the case says that the key was destroyed; where none does, nothing leaves (ledger-format.md, *Sealed
values*).

Nothing leaves that its reader would refuse: each bundle is verified with the checks that its reader uses.

Proven by tests/disclosing/test_exporting.py and measured by bench/bundles.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ledger.access import Access
from ledger.aggregates.access import ExportReleased
from ledger.aggregates.ledger_stream import ReleaseStarted
from ledger.aggregates.offender.merging import of_one_person
from ledger.aggregates.policy import POLICY
from ledger.aggregates.rights import rights_of
from ledger.aggregates.shape import Actor, Recorded
from ledger.disclosing.gathering import Gathered, gathered
from ledger.disclosing.others import others
from ledger.disclosing.papers import papers
from ledger.disclosing.seeing import classes_for
from ledger.disclosing.table import allowed
from ledger.errors import Inconsistent, Malformed, Refusal, Refused
from ledger.privacy.sealing import Unreadable, holds, open_box, salt_of
from ledger.rules.data_protection import RESTRICTED_NOW
from ledger.rules.dates import printed
from ledger.store import mapping, proving
from ledger.store.cases import Cases
from ledger.store.heads import Closing
from ledger.store.limits import Limits
from ledger.store.opening import Store
from ledger.transparency.bundle import contents, verify_bundle
from ledger.transparency.bundle.archive import pack
from ledger.transparency.bundle.contents import Case, End, Manifest, Opening, digest_of
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import encode_base64, parse_note, sign_note
from ledger.transparency.proof import Proof
from ledger.transparency.tiles import TilesWanted
from ledger.transparency.tree import HashReader, inclusion_proof, leaf_hash

log = logging.getLogger(__name__)

LONGEST_RECIPIENT: Final = 200


@dataclass(frozen=True, slots=True)
class Export:
    """A bundle that may leave: the zip, its manifest, and what it proves, in sentences."""

    name: str
    data: bytes
    manifest: Manifest
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which case, what for, for whom, by whom."""

    stream: str
    purpose: str
    recipient: str
    by: Actor


class Exporting:
    """Makes bundles of the cases of one open ledger."""

    def __init__(
        self, store: Store, cases: Cases, access: Access, close_now: Callable[[str], Awaitable[Closing]]
    ) -> None:
        """`close_now` gives a closing that covers all that is recorded about an id."""
        self._store, self._cases, self._access, self._close_now = store, cases, access, close_now

    async def export(self, stream: str, purpose: str, recipient: str, by: Actor, *, printed: bool = True) -> Export:
        """The bundle of a case; of an id about which nothing was ever recorded it proves just that.

        `printed`: with chronology.pdf.  Raises Malformed, Forbidden, Refused, AccessLogUnavailable,
        DatabaseUnavailable, VaultUnavailable, ReadOnly; Unreadable for a value that neither opens nor was erased;
        Inconsistent where what is stored is not what was signed.
        """
        allows = allowed(by.role, purpose)
        if not recipient.strip() or not recipient.isprintable() or len(recipient) > LONGEST_RECIPIENT:
            raise Malformed(
                f"recipient: for whom it is, in at most {LONGEST_RECIPIENT} characters.", {"recipient": "say for whom"}
            )
        asked = Asked(stream, purpose, recipient.strip(), by)
        closing = await self._close_now(stream)
        await self._store.sequencer.confirm()  # another process may have sealed it: see Sequencer.confirm
        stored = await self._store.database.chain(stream, upto=closing.size)
        records = [mapping.recorded(each) for each in stored]
        if purpose == "sharing":
            await self.passes_on(stream)
        opens = allows.opens & classes_for(by, records)  # no more than a page shows
        found = gathered(stream, stored, replace(allows, opens=opens))
        openings = await self._openings(found)
        files = await self._proven(asked, closing, found, openings)
        policy = (await self._cases.policy()).policy
        read = papers(asked.stream, found, openings, closing, files, (purpose, asked.recipient, by), policy)
        files |= await asyncio.to_thread(read, printed)
        return await self._released(asked, closing, found, openings, files)

    async def passes_on(self, stream: str) -> None:
        """Nothing, where what is held of the person, in any record of theirs, may be passed on.  Raises Refused."""
        for each in sorted(of_one_person(stream, await Limits(self._store.database).merging())):
            not_restricted([mapping.recorded(one) for one in await self._store.database.chain(each)])

    # ------------------------------------------------------------------------------------ what is opened

    async def _openings(self, found: Gathered) -> dict[int, dict[str, Opening]]:
        """The openings of the values that may be opened and can be, by leaf index and path."""
        wanted = {each.position: each for each in found.shown if found.opens.get(each.position)}
        boxes = await self._store.database.boxes(list(wanted))
        keys = await self._store.vault.keys_by_id(box.key_id for of in boxes.values() for box in of)
        made: dict[int, dict[str, Opening]] = {}
        for position, stored in wanted.items():
            fact, opened = str(stored.members["id"]), dict[str, Opening]()
            for box in boxes.get(position, ()):
                if (key := keys.get(box.key_id)) is None:
                    continue
                for path, value in open_box(self._store.bound_to, fact, key, box).items():
                    if path not in found.opens[position]:
                        continue
                    if not holds(fact, key, path, value, stored.sealed[path][0]):
                        raise Unreadable(f"the value {path} beside the fact at {position} is not the one committed to")
                    opened[path] = Opening(salt_of(fact, key, path), value)
            for path in found.opens[position]:
                if path not in opened and stored.sealed[path][1] not in found.destroyed:
                    raise Unreadable(
                        f"the value {path} of the fact at {position} cannot be read, and no erasure says why"
                    )
            if opened:
                made[position - 1] = opened
        return made

    # ------------------------------------------------------------------------------------ what is proven

    async def _proven(
        self, asked: Asked, closing: Closing, found: Gathered, openings: Mapping[int, Mapping[str, Opening]]
    ) -> dict[str, bytes]:
        """All files that the ledger's own key vouches for."""
        store = self._store
        size, note = closing.position, store.note(closing.position, closing.root)
        entries = await self._as_stored([*(each.position for each in found.stored), size])
        settings = await self._settings(found)
        indexes = [*entries, *(each for each in settings if each not in entries)]
        proofs = await store.tiles.prove(size, lambda tree: _all_proofs(indexes, size, tree))
        files = {
            contents.CHECKPOINT: (await asyncio.to_thread(store.second.under, note)).encode(),
            contents.ACCESS_KEY: sign_note(
                contents.access_key_text(store.access.signer.verifier().vkey()), store.keys.signers()
            ).encode(),
            contents.CHAIN: Case(asked.stream, tuple(each.position - 1 for each in found.stored)).write(),
            contents.HEADS: End(closing.size, asked.stream, closing.chains.prove(asked.stream)).write(),
            contents.OPENINGS: contents.write_openings(openings),
            **await others(store, closing, [each.position for each in found.stored]),
        }
        for index, entry in settings.items():
            files[contents.setting_name(index)] = Proof(index, tuple(proofs[index]), note, entry).write().encode()
        hidden = {each - 1 for each in found.withheld}
        for index, entry in entries.items():
            files[contents.proof_name(index)] = Proof(index, tuple(proofs[index]), note).write().encode()
            if index in hidden:
                files[contents.leaf_name(index)] = f"{encode_base64(leaf_hash(entry))}\n".encode()
            else:
                files[contents.entry_name(index)] = entry
        return files

    async def _settings(self, found: Gathered) -> dict[int, bytes]:
        """By leaf index the entries that say under which settings and calendar the facts shown were decided."""
        version = max((int(each.members.get("policy", 0)) for each in found.shown), default=0)
        release = max((int(each.members.get("release", 0)) for each in found.shown), default=0)
        releases = await self._store.database.of_the_log(ReleaseStarted.topic)
        policy = await self._store.database.stream(POLICY.noun) if version else []
        stored = [each for each in releases if each.position <= release]
        stored += [each for each in policy if each.members["version"] <= version]
        return await self._as_stored([each.position for each in stored])

    async def _as_stored(self, positions: Sequence[int]) -> dict[int, bytes]:
        """By leaf index, in this order, the bytes that were hashed: never made again from what was read of them.

        Raises Inconsistent where one is not there.
        """
        found = await self._store.database.as_stored(positions)
        if len(found) < len(set(positions)):
            raise Inconsistent("Entries that were just read are not there any more. Run 'ledger verify'.")
        return {position - 1: found[position] for position in positions}

    # ------------------------------------------------------------------------------------ how it leaves

    async def _released(
        self,
        asked: Asked,
        closing: Closing,
        found: Gathered,
        openings: Mapping[int, Mapping[str, Opening]],
        files: dict[str, bytes],
    ) -> Export:
        """Sealed in the access log, verified as its reader will, and only then given out."""
        by, fields = asked.by, sorted(str(each) for each in found.allows.opens)
        manifest = Manifest(
            self._store.origin,
            asked.stream,
            closing.position,
            asked.purpose,
            by.id,
            by.role,
            asked.recipient,
            tuple(fields),
            {name: digest_of(data) for name, data in files.items()},
        )
        written = manifest.write()
        noun, _, name = asked.stream.partition("-")
        sealed = await self._access.exported(
            by,
            asked.stream,
            ExportReleased(
                target_ref=f"{noun}/{name}",
                purpose=asked.purpose,
                recipient=asked.recipient,
                digest=digest_of(written),
                size=closing.position,
                fields=fields,
                facts=len(found.stored),
                withheld_whole=len(found.withheld),
                opened=sum(map(len, openings.values())),
            ),
        )
        proof = await proving.inclusion(self._store.access, sealed.position)
        receipt = Proof(proof.index, proof.hashes, self._note_of_access(proof), sealed.entry).write().encode()
        data = await asyncio.to_thread(pack, {**files, contents.MANIFEST: written, contents.RECEIPT: receipt})
        report = await asyncio.to_thread(verify_bundle, data, [self._store.signer.verifier().vkey()])
        if not report.ok:
            log.critical("a bundle does not verify: %s", report.finding)
            raise Inconsistent("What is stored is not what was signed. Run 'ledger verify'.")
        return Export(f"{asked.stream}-{closing.position}.zip", data, manifest, report.words())

    def _note_of_access(self, proof: Proof) -> str:
        """The checkpoint that a proof is under, signed by the access log's own key and nobody else."""
        checkpoint = Checkpoint.parse(parse_note(proof.note).text)
        return self._store.access.note(checkpoint.size, checkpoint.root)


def not_restricted(records: Sequence[Recorded[Any]]) -> None:
    """What is restricted is not passed on to another agency, by an export no more than by word; a court's evidence,
    the house's own files and what the person asks for are not barred by it (DPA 2018 s.47).  Raises Refused."""
    restricted = rights_of(records).restricted
    if restricted is not None:
        raise Refused([Refusal("DP-05", RESTRICTED_NOW.format(day=printed(restricted.fact.on)))])


def _all_proofs(indexes: Sequence[int], size: int, tree: HashReader) -> dict[int, list[bytes]]:
    """Inclusion proofs of several leaves; what tiles they lack is asked for at once."""
    proofs: dict[int, list[bytes]] = {}
    wanted: dict[Any, None] = {}
    for index in indexes:
        try:
            proofs[index] = inclusion_proof(index, size, tree)
        except TilesWanted as lacking:
            wanted |= dict.fromkeys(lacking.tiles)
    if wanted:
        raise TilesWanted(sorted(wanted))
    return proofs
