"""A small ledger made by hand, and bundles of its cases: what an adversary has who may hash everything anew.

It knows nothing of the code that exports: only the formats. `World` keeps the keys, so a test can sign as the log, as
the access log, or as somebody with keys of his own.
"""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from ledger.transparency.bundle import contents
from ledger.transparency.bundle.archive import pack
from ledger.transparency.bundle.contents import Case, End, Manifest, Opening, digest_of
from ledger.transparency.bundle.report import BundleReport
from ledger.transparency.bundle.verifying import CLOSED, EXPORTED, verify_bundle
from ledger.transparency.chain import chain_of
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.commitment import commitment
from ledger.transparency.entry import format_entry, parse_entry
from ledger.transparency.heads import Head, Heads
from ledger.transparency.note import NoteSigner, Signer, encode_base64, sign_note
from ledger.transparency.proof import Proof
from ledger.transparency.tree import RightEdge, inclusion_proof, leaf_hash

ORIGIN = "ledger.example/kent"
ANN = "offender-00000000-0000-4000-8000-00000000000a"
BEN = "offender-00000000-0000-4000-8000-00000000000b"
NOBODY = "offender-00000000-0000-4000-8000-00000000000c"
KID = "child-00000000-0000-4000-8000-00000000000d"
RULE = "ENF-03@manual-2022"
STAFF = "00000000-0000-4000-8000-0000000000ff"


@dataclass
class Written:
    """A log under construction."""

    signer: Signer
    entries: list[bytes] = field(default_factory=list)
    versions: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, stream: str, type_: str, about: tuple[str, ...] = (), **members: Any) -> int:
        """One fact more; its leaf index."""
        index = len(self.entries)
        version, previous = self.versions.get(stream, (0, None))
        entry = {
            "entry": 1,
            "id": str(UUID(int=0x019A_0000_0000_7000_8000_0000_0000_0000 + index)),
            "stream": stream,
            "version": version + 1,
            "previous": previous,
            "type": type_,
            "effective": "2026-03-02",
            "recorded": f"2026-03-02T10:{index // 60 % 60:02d}:{index % 60:02d}.{index // 3600:06d}Z",
            "by": {"id": STAFF, "role": "practitioner"},
            **members,
        }
        if about:
            entry["about"] = sorted(about)
        data = format_entry(entry)
        self.entries.append(data)
        self.versions[stream] = version + 1, encode_base64(leaf_hash(data))
        return index

    @property
    def leaves(self) -> list[bytes]:
        return [leaf_hash(each) for each in self.entries]

    def chains(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for index, data in enumerate(self.entries):
            entry = parse_entry(data)
            for name in (entry["stream"], *entry.get("about", ())):
                found.setdefault(name, []).append(index)
        return found

    def heads(self) -> Heads:
        leaves = self.leaves
        return Heads.of(
            {name: Head(len(of), chain_of((i, leaves[i]) for i in of), of[-1]) for name, of in self.chains().items()}
        )

    def checkpoint(self) -> Checkpoint:
        edge = RightEdge().extend(self.leaves)
        return Checkpoint(self.signer.name, edge.size, edge.root())

    def proof(self, index: int, note: str, extra: bytes | None = None) -> str:
        return Proof(index, tuple(inclusion_proof(index, len(self.entries), Tree(self.leaves))), note, extra).write()


@dataclass
class Tree:
    """A reader of the tree over these leaves, kept whole by level."""

    leaves: list[bytes]
    made: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def hashes(self, nodes):
        return [self._hash(*node) for node in nodes]

    def _hash(self, level, index):
        if level == 0:
            return self.leaves[index]
        if (level, index) not in self.made:
            pair = self._hash(level - 1, 2 * index) + self._hash(level - 1, 2 * index + 1)
            self.made[level, index] = sha256(b"\x01" + pair).digest()
        return self.made[level, index]


def sealed_value(path: str, salt: bytes, value: Any, key: str) -> list[str]:
    return [encode_base64(commitment(path, salt, value)), key]


KEY = "00000000-0000-4000-8000-000000000111"
CHILDS_KEY = "00000000-0000-4000-8000-000000000222"
SALT = bytes(range(32))


@dataclass
class World:
    """A ledger of a few cases, closed, and its access log."""

    log: Written = field(default_factory=lambda: Written(Signer(ORIGIN, b"\x01" * 32)))
    access: Written = field(default_factory=lambda: Written(Signer(f"{ORIGIN}/access", b"\x02" * 32)))
    closed: list[int] = field(default_factory=list)

    @property
    def vkey(self) -> str:
        return self.log.signer.verifier().vkey()

    def absence(self, stream: str, about: tuple[str, ...] = (), note: str = "said he was ill") -> int:
        sealed = {"note": sealed_value("note", SALT, note, KEY)}
        values = {"kind": "FTA"}
        return self.log.add(stream, "offender.absence-recorded.v1", about, sealed=sealed, values=values, under=[RULE])

    def close(self, **values: Any) -> int:
        size = len(self.log.entries)
        told = {"size": size, "heads": encode_base64(self.log.heads().root), **values}
        index = self.log.add("ledger", CLOSED, values=told, by={"id": STAFF, "role": "system"})
        self.closed.append(index)
        return index

    def announce(self, new: NoteSigner, vkey: str, replaces: str | None = None) -> tuple[str, bytes]:
        """Seal that the log has another key; the file of its proof, its checkpoint signed by both."""
        values = {"vkey": vkey} | ({"replaces": replaces} if replaces else {})
        by = {"id": STAFF, "role": "system"}
        index = self.log.add("ledger", "ledger.log-key-announced.v1", values=values, by=by)
        note = self.log.checkpoint().sign(self.log.signer, new)
        return contents.announcement_name(index), self.log.proof(index, note, self.log.entries[index]).encode()

    def rotate(self, seed: bytes) -> tuple[str, bytes]:
        """Another key takes the log's over, and signs alone from now on; the file of its announcement."""
        new = Signer(ORIGIN, seed)
        announced = self.announce(new, new.verifier().vkey(), self.vkey)
        self.log.signer = new
        return announced

    # ---------------------------------------------------------------- bundles

    def files(
        self,
        case: str,
        *,
        entries: list[int] | None = None,
        withheld: tuple[int, ...] = (),
        opened: dict[int, dict[str, Opening]] | None = None,
        heads: Heads | None = None,
        log: Written | None = None,
    ) -> dict[str, bytes]:
        """What a bundle of a case holds but for manifest and receipt; `log` ends in its closing."""
        log = log or self.log
        found = log.chains().get(case, []) if entries is None else entries
        heads = heads or Written(log.signer, log.entries[:-1]).heads()
        closing = len(log.entries) - 1
        note = log.checkpoint().sign(log.signer)
        tree, size = Tree(log.leaves), len(log.entries)
        files = {
            contents.CHECKPOINT: note.encode(),
            contents.POLICY: self.policy(log.signer),
            contents.ACCESS_KEY: self.access_key(log.signer, self.access.signer),
            contents.CHAIN: Case(case, tuple(found)).write(),
            contents.HEADS: End(closing, case, heads.prove(case)).write(),
            contents.OPENINGS: contents.write_openings(opened or {}),
            contents.rule_name(RULE): contents.to_json({"id": "ENF-03"}),
            "chronology.csv": b"position\r\n",
        }
        for index in (*found, closing):
            shown = index not in withheld
            name = contents.entry_name(index) if shown else contents.leaf_name(index)
            leaf = f"{encode_base64(log.leaves[index])}\n".encode()
            files[name] = log.entries[index] if shown else leaf
            proof = Proof(index, tuple(inclusion_proof(index, size, tree)), note)
            files[contents.proof_name(index)] = proof.write().encode()
        return files

    def policy(self, signer: Signer) -> bytes:
        keys = (signer.verifier().vkey(), self.access.signer.verifier().vkey())
        return "".join([*(f"log {each}\n" for each in keys), "quorum none\n"]).encode()

    def access_key(self, by: Signer, key: Signer) -> bytes:
        return sign_note(contents.access_key_text(key.verifier().vkey()), [by]).encode()

    def manifest(self, case: str, files: dict[str, bytes], **changes: Any) -> Manifest:
        made = Manifest(
            ORIGIN,
            case,
            len(self.log.entries),
            "court",
            STAFF,
            "practitioner",
            "the court",
            ("person", "narrative"),
            {name: digest_of(data) for name, data in files.items()},
        )
        return replace(made, **changes)

    def seal(self, files: dict[str, bytes], manifest: Manifest, log: Written | None = None, **changes: Any) -> bytes:
        """The zip, its manifest sealed in the access log (or in one of somebody else's): nothing in it is checked."""
        log = log or self.access
        data = manifest.write()
        values = {
            "digest": digest_of(data),
            "purpose": manifest.purpose,
            "size": manifest.size,
            "fields": list(manifest.fields),
        }
        who = {"id": manifest.requester, "role": manifest.role}
        members = {"values": values | changes.pop("values", {}), "by": who} | changes
        about = members.pop("about", (manifest.case,))
        name = f"export-released-{len(log.entries)}"
        index = log.add(name, members.pop("type", EXPORTED), about, **members)
        note = log.checkpoint().sign(log.signer)
        receipt = log.proof(index, note, log.entries[index]).encode()
        return pack({**files, contents.MANIFEST: data, contents.RECEIPT: receipt})

    def bundle(self, case: str = ANN, **how: Any) -> bytes:
        files = self.files(case, **how)
        return self.seal(files, self.manifest(case, files))

    def verify(self, data: bytes, *keys: str) -> BundleReport:
        return verify_bundle(data, keys or [self.vkey])


def a_world() -> World:
    """Two people, a placement both were at, a closing in between and one at the end."""
    world = World()
    place = "placement-00000000-0000-4000-8000-00000000000e"
    world.log.add("ledger", "ledger.release-started.v1", by={"id": STAFF, "role": "system"})
    world.absence(ANN)
    world.absence(BEN)
    world.log.add(place, "placement.suspended.v1", (ANN, BEN), values={"on": "2026-03-02"})
    world.close()
    sealed = {
        "child_text": sealed_value("child_text", SALT, "seen with him", CHILDS_KEY),
        "heading": sealed_value("heading", SALT, "visit", KEY),
    }
    world.log.add(ANN, "offender.notebook-entry-made.v1", (KID,), sealed=sealed)
    world.absence(BEN)
    world.log.add(KID, "child.data-erased.v1", (ANN,), values={"key_ids": [CHILDS_KEY], "key_destroyed": True})
    world.absence(ANN, note="no reason given")
    world.close()
    return world
