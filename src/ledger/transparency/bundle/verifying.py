"""Is this bundle what it says: all of a case, in order, unaltered, from that ledger?  Without a database or a network.

Nothing in the file is believed.  Each thing rests on the one before it, down to a key that the reader was given:

    1  the zip is in its one form, its files are a bundle's, and each is the one that the manifest names
    2  the checkpoint is signed by the ledger's key, or by the one that the log announced in its place; witnesses whose
       keys are given have cosigned it, or a larger one of the same log; timestamps are over it, or over an earlier one
    3  the closing is the last leaf of the checkpoint, so nothing stands beside what it closed
    4  the case's end lies in the map of heads that the closing sealed, or the map shows that there is no such case
    5  the entries make the chain that ends there: none is missing, none added, none out of order
    6  each entry, or the leaf hash of one withheld whole, is in the tree at its place; those shown concern the case
       and follow one another
    7  each value that is opened is the one its entry commits to
    8  what decisions are taken again with (settings, bank holidays, releases) is in the tree too
    9  the manifest's digest was sealed in the access log, whose key the ledger's key vouches for

The first that does not hold ends it, with a code of ``report.CODES``.  The adversary is thought to have all keys but
those that signed what he would have to change, and to have hashed everything anew.

Proved by tests/transparency/test_bundle.py and tests/disclosing/test_exporting.py.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from ledger.transparency.bundle.contents import (
    CHAIN,
    CHECKPOINT,
    HEADS,
    MANIFEST,
    RECEIPT,
    SETTINGS,
    Manifest,
    Opening,
    digest_of,
    rule_name,
)
from ledger.transparency.bundle.files import Bundle, Leaves, Stop, opened, place_of, read
from ledger.transparency.bundle.keys import Keys, keys_of
from ledger.transparency.bundle.others import check_used, cosigned_by, stamped
from ledger.transparency.bundle.report import BundleReport, Counted, unchecked
from ledger.transparency.chain import chain_of
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.commitment import open_commitment
from ledger.transparency.cosignature import KnownKey, parse_vkey
from ledger.transparency.entry import SealedEntry, parse_entry
from ledger.transparency.errors import EntryError, FormatError, ProofError, TransparencyError
from ledger.transparency.heads import verify_absence, verify_head
from ledger.transparency.note import decode_base64, encode_base64, parse_note
from ledger.transparency.proof import Proof
from ledger.transparency.timestamp import Roots
from ledger.transparency.tree import leaf_hash

__all__ = ["CLOSED", "EXPORTED", "verify_bundle"]

CLOSED: Final = "ledger.closed.v1"
"""The type of a closing; its values are ``size`` and ``heads``."""

EXPORTED: Final = "access.export-released.v1"
"""The type of the entry of the access log that seals an export."""

RELEASE: Final = "ledger.release-started.v1"
"""The type of the entry that says which settings, rule editions and bank holidays a release brought with it."""

_ERASING: Final = "-erased.v"


def verify_bundle(data: bytes, keys: Sequence[str], roots: Roots = ()) -> BundleReport:
    """Verify a bundle under these verifier keys: the ledger's own, and of witnesses that must have cosigned.

    `roots`: the certificates of the authority that must have signed the timestamps; if left out anybody may have.
    Without keys those in the file are taken, and the report never says *verified*.  Raises FormatError for a key that
    is none; nothing for what is wrong with the bundle.
    """
    given = [parse_vkey(each.strip()) for each in keys]
    seen = Counted()
    manifest: Manifest | None = None
    try:
        bundle = opened(data)
        manifest = bundle.manifest
        _verified(bundle, given, roots, seen)
    except Stop as stop:
        return BundleReport(stop.finding, seen, manifest, bool(given))
    return BundleReport(None, seen, manifest, bool(given))


# --- 2: keys and checkpoint ----------------------------------------------------------------------------------


def _verified(bundle: Bundle, given: Sequence[KnownKey], roots: Roots, seen: Counted) -> None:
    manifest, case = bundle.manifest, bundle.case
    seen.case, seen.origin, seen.step = manifest.case, manifest.origin, 2
    if not manifest.case == case.id == bundle.end.case:
        raise Stop("file-differs", f"{CHAIN} and {HEADS} are not both of {manifest.case}, the case of the manifest")
    keys = keys_of(bundle.files, manifest.origin, given, bundle.policy)
    seen.followed = keys.followed
    checkpoint, seen.signed_by = keys.checkpoint(bundle.files)
    if checkpoint.size != manifest.size:
        raise Stop("file-differs", f"the manifest says size {manifest.size}, the checkpoint {checkpoint.size}")
    seen.cosigned = cosigned_by(bundle.files, keys, checkpoint)
    seen.stamped, seen.stamped_by = stamped(bundle.files, checkpoint, roots), bool(roots)
    check_used(bundle.files, {each.size for each in (*seen.cosigned, *seen.stamped)})
    seen.step = 3
    leaves = Leaves(bundle.files, parse_note(bundle.files[CHECKPOINT]), checkpoint)
    closing = _closing(bundle, leaves, checkpoint)
    seen.size, seen.closed = checkpoint.size - 1, closing["recorded"]
    _check_case(bundle, leaves, closing, seen)
    _check_settings(leaves)
    seen.step = 9
    _check_receipt(bundle, keys, seen)
    seen.unchecked = unchecked(iter(bundle.files))


# --- 3 to 5: all of a case -----------------------------------------------------------------------------------


def _closing(bundle: Bundle, leaves: Leaves, checkpoint: Checkpoint) -> SealedEntry:
    index = bundle.end.closing
    if index != checkpoint.size - 1:
        raise Stop("closing-differs", f"it is not the last of {checkpoint.size} leaves", index)
    leaf, entry = leaves.leaf(index)
    leaves.prove(index, leaf)
    if entry is None:
        raise Stop("closing-differs", "it is withheld", index)
    closing = _parsed(entry, index)
    size = closing.get("values", {}).get("size")
    if (closing["type"], closing["stream"], size) != (CLOSED, "ledger", index) or size is True:
        raise Stop("closing-differs", f"no closing of {index} entries", index, closing["stream"])
    return closing


def _check_case(bundle: Bundle, leaves: Leaves, closing: SealedEntry, seen: Counted) -> None:
    seen.step = 4
    case, end = bundle.case, bundle.end
    heads = closing.get("values", {}).get("heads")
    try:
        root = decode_base64(heads if isinstance(heads, str) else "")
        if not case.entries:
            verify_absence(case.id, end.proof, root)
            head = None
        else:
            head = verify_head(case.id, end.proof, root)
    except (FormatError, ProofError) as error:
        raise Stop("head-unproved", error, end.closing, case.id) from error
    seen.step = 5
    for index, after in pairwise(case.entries):
        if index >= after:
            raise Stop("chain-differs", f"leaf index {after} does not come after {index}", after, case.id)
    found = [(index, *leaves.leaf(index)) for index in case.entries]
    if head is not None:
        chain = chain_of((index, leaf) for index, leaf, _ in found)
        if (len(found), case.entries[-1], chain) != (head.n, head.last, head.chain):
            told = f"{len(found)} entries up to position {case.entries[-1] + 1} are here"
            sealed = f"{head.n} up to position {head.last + 1} were sealed"
            raise Stop("chain-differs", f"{told}, {sealed}, and they are not the same ones", None, case.id)
    _check_entries(bundle, leaves, found, closing, seen)
    expected = {*case.entries, end.closing}
    for name in bundle.files:
        if name.startswith(("entries/", "proofs/")) and place_of(name) not in expected:
            raise Stop("file-unknown", f"{name} is of no entry of the case", place_of(name))


# --- 6 and 7: each entry, each value -------------------------------------------------------------------------


def _check_entries(
    bundle: Bundle,
    leaves: Leaves,
    found: Sequence[tuple[int, bytes, bytes | None]],
    closing: SealedEntry,
    seen: Counted,
) -> None:
    seen.step = 6
    shown: dict[int, SealedEntry] = {}
    order = _Order(bundle.case.id)
    for index, leaf, entry in found:
        leaves.prove(index, leaf)
        if entry is not None:
            shown[index] = _parsed(entry, index)
            order.take(index, shown[index])
        order.leaves.add(encode_base64(leaf))
    if order.recorded > closing["recorded"]:
        raise Stop("entry-misplaced", "recorded after the closing that covers it", found[-1][0], bundle.case.id)
    seen.step = 7
    _check_openings(bundle, shown)
    seen.step = 8
    for index, each in shown.items():
        for edition in each.get("under", ()):
            _check_rule(edition, bundle.files, index)
    _count(bundle, found, shown, seen)


def _check_settings(leaves: Leaves) -> None:
    """What decisions are taken again with is of the log too, and is what it is taken for."""
    for name in leaves.files:
        if name.startswith(SETTINGS):
            index, data = leaves.carried(name)
            entry = _parsed(data, index)
            if entry["stream"] != "policy" and (entry["stream"], entry["type"]) != ("ledger", RELEASE):
                raise Stop("entry-misplaced", "it is about no setting and no release", index, entry["stream"])


def _parsed(entry: bytes, index: int) -> SealedEntry:
    try:
        return parse_entry(entry)
    except EntryError as error:
        raise Stop("entry-malformed", error, index) from error


class _Order:
    """What the entries of a case say of one another: nobody is asked to believe it, it is sealed; but a sealed lie
    should not pass either."""

    def __init__(self, case: str) -> None:
        self.case = case
        self.recorded = ""
        self.leaves: set[str] = set()
        self._version = 0
        self._ids: set[str] = set()

    def take(self, index: int, entry: SealedEntry) -> None:
        """The next one that is shown."""
        if self.case != entry["stream"] and self.case not in entry.get("about", ()):
            raise Stop("entry-misplaced", f"it does not concern {self.case}", index, entry["stream"])
        if entry["recorded"] < self.recorded:
            raise Stop("entry-misplaced", "recorded before the entry before it", index, entry["stream"])
        if entry["id"] in self._ids:
            raise Stop("entry-misplaced", f"an earlier entry has the fact id {entry['id']}", index, entry["stream"])
        if entry["stream"] == self.case:
            previous = entry["previous"]
            if entry["version"] <= self._version or (previous is not None and previous not in self.leaves):
                raise Stop("entry-misplaced", "not the next version of its stream", index, entry["stream"])
            self._version = entry["version"]
        self._ids.add(entry["id"])
        self.recorded = entry["recorded"]


def _check_openings(bundle: Bundle, shown: Mapping[int, SealedEntry]) -> None:
    for index, values in bundle.openings.items():
        sealed = shown[index].get("sealed", {}) if index in shown else {}
        for path, opening in values.items():
            if path not in sealed:
                raise Stop("opening-unknown", f"nothing is sealed here under {path}", index)
            if not _opens(sealed[path][0], path, opening):
                raise Stop("opening-differs", f"{path} is not the value that is sealed", index)


def _opens(committed: str, path: str, opening: Opening) -> bool:
    try:
        return open_commitment(decode_base64(committed), path, opening.salt, opening.value)
    except FormatError:
        return False


def _check_rule(edition: str, files: Mapping[str, bytes], index: int) -> None:
    try:
        present = rule_name(edition) in files
    except FormatError as error:
        raise Stop("rule-missing", error, index) from error
    if not present:
        raise Stop("rule-missing", f"{edition} is not here", index)


def _count(
    bundle: Bundle, found: Sequence[tuple[int, bytes, bytes | None]], shown: Mapping[int, SealedEntry], seen: Counted
) -> None:
    destroyed = {key: index for index, each in shown.items() for key in _destroyed(each)}
    erasures: set[int] = set()
    for index, each in shown.items():
        opened = bundle.openings.get(index, {})
        for path, (_, key) in each.get("sealed", {}).items():
            if path in opened:
                seen.opened += 1
            elif key in destroyed:
                seen.erased += 1
                erasures.add(destroyed[key] + 1)
            else:
                seen.withheld += 1
    seen.positions = [index + 1 for index, _, _ in found]
    seen.facts, seen.withheld_whole = len(found), len(found) - len(shown)
    seen.erasures = sorted(erasures)


def _destroyed(entry: SealedEntry) -> list[str]:
    """The keys that an erasure names as destroyed."""
    keys = entry.get("values", {}).get("key_ids")
    if _ERASING not in entry["type"] or not isinstance(keys, list):
        return []
    return [each for each in keys if isinstance(each, str)]


# --- 9: the export -------------------------------------------------------------------------------------------


def _check_receipt(bundle: Bundle, keys: Keys, seen: Counted) -> None:
    manifest, key = bundle.manifest, keys.of_access(bundle.files)
    receipt = read(RECEIPT, Proof.parse, bundle.files)
    entry = receipt.extra or b""
    try:
        receipt.verify(leaf_hash(entry), key.name, [key])
        keys.opened(receipt.note)
        sealed = parse_entry(entry)
    except TransparencyError as error:
        raise Stop("receipt-unproved", error) from error
    if sealed["type"] != EXPORTED or manifest.case not in sealed.get("about", ()):
        raise Stop("receipt-differs", f"it seals no export of {manifest.case}")
    by, values = sealed["by"], sealed.get("values", {})
    said = {
        "digest": (values.get("digest"), digest_of(bundle.files[MANIFEST])),
        "purpose": (values.get("purpose"), manifest.purpose),
        "size": (values.get("size"), manifest.size),
        "fields": (values.get("fields"), list(manifest.fields)),
        "requester": ((by["id"], by["role"]), (manifest.requester, manifest.role)),
    }
    for name, (is_sealed, is_here) in said.items():
        if is_sealed != is_here:
            raise Stop("receipt-differs", f"another {name} was sealed than stands here")
    seen.exported, seen.exported_at = sealed["recorded"], receipt.index + 1
