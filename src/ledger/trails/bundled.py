"""Decisions taken again from a bundle alone: no ledger, no vault, no network.

    files = unpack(data)                 of a bundle that was verified (ledger.transparency.bundle)
    decisions_in(files)                  every decision in it, and what becomes of it when it is taken again
    trail_in(files, position)            one of them in full, as `ledger.trails.trail` tells it

What counts is what counts there (`again`): the facts before the decision, and the policy that its entry names, which
the bundle carries with it.  A bundle is one case.  What it does not show a decision could have turned on, so with any
of these it cannot be re-run, and how many there are is said:

    a value that is closed           its own, or one that decisions of such a case are taken on
    a fact withheld whole            of those before the decision
    a setting or release it was     versions of stream policy up to the one its entry names, and the release it names
    taken under
    another case it looked at        a placement, somebody else's: what a bundle has of it is never known to be all
    a case it was taken on           (a register entry, in a person's bundle) of which a version is not here

Rules are told as the bundle words them, whatever this release says.  Proven by tests/trails/test_bundled.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ledger.aggregates.ledger_stream import STREAM
from ledger.aggregates.policy import POLICY, Policy
from ledger.aggregates.shape import Recorded
from ledger.errors import NotFound
from ledger.projections.why import Row
from ledger.store import mapping
from ledger.store.mapping import Stored
from ledger.trails import telling
from ledger.trails.again import Asked, closed_inputs, decided, differences, knowing, policy_then
from ledger.trails.later import changes_of
from ledger.transparency.bundle import contents
from ledger.transparency.bundle.contents import Case, read_openings
from ledger.transparency.bundle.forms import from_json
from ledger.transparency.errors import FormatError
from ledger.transparency.note import encode_base64
from ledger.transparency.proof import Proof
from ledger.transparency.tree import leaf_hash

NOT_READABLE: Final = "The wording in this bundle cannot be read."
NO_DECISION: Final = "There is no decision at position {position} in this bundle."


def decisions_in(files: Mapping[str, bytes]) -> list[Row]:
    """[{position, title, effective, by, outcome, says}] in order of position.  Raises UnknownFact."""
    bundled = Bundled.of(files)
    found: list[Row] = []
    for each in bundled.records:
        if bundled.is_decision(each):
            listed, rerun = telling.listed(each), bundled.rerun(each).row
            names = ("position", "title", "effective", "by")
            found.append({name: listed[name] for name in names} | {name: rerun[name] for name in ("outcome", "says")})
    return found


def trail_in(files: Mapping[str, bytes], position: int) -> Row:
    """The trail of the decision at a position.  Raises NotFound, UnknownFact."""
    bundled = Bundled.of(files)
    record = next((each for each in bundled.records if each.position == position), None)
    if record is None or not bundled.is_decision(record):
        raise NotFound(NO_DECISION.format(position=position))
    again = bundled.rerun(record)
    here = {each.position: each for each in bundled.records}
    changes = [] if again.row["outcome"] == "cannot" else changes_of(record, bundled.chain, again.then)
    told = frozenset[str]()
    return {
        "position": position,
        "leaf": encode_base64(leaf_hash(files[contents.entry_name(position - 1)])),
        "decision": telling.row(record, bundled.records),
        "about": list(record.about),
        "rested_on": [telling.row(here[each], bundled.records) for each in record.rests_on if each in here],
        "rested_on_elsewhere": [each for each in record.rests_on if each not in here],
        "rules": [_rule(files, label) for label in record.under],
        "policy": telling.policy_of(again.asked, again.then) | {"version": record.policy, "release": again.release},
        "rerun": again.row,
        "later": [
            telling.row(each.record, bundled.records)
            | {"would_have_changed": telling.effects_of(each, told, telling.in_full)}
            for each in changes
        ],
    }


@dataclass(frozen=True, slots=True)
class Rerun:
    """A decision taken again: the row that tells of it, under which policy, and what it asked of that."""

    row: Row
    then: Policy
    asked: Asked
    release: int


@dataclass(frozen=True, slots=True)
class Bundled:
    """The facts of a bundle as decisions are taken on them."""

    case: str
    records: Sequence[Recorded[Any]]  # of the case, those shown
    hidden: Sequence[int]  # positions of those withheld whole
    policy: Policy
    releases: Mapping[int, int]  # by position of a fact: that of the release it was decided under

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Bundled:
        """Read the files of a bundle that was verified."""
        case, openings = Case.parse(files[contents.CHAIN]), read_openings(files[contents.OPENINGS])
        shown = [each for each in case.entries if contents.entry_name(each) in files]
        stored = [Stored.of(each + 1, files[contents.entry_name(each)]) for each in shown]
        carried = (Proof.parse(data) for name, data in files.items() if name.startswith(contents.SETTINGS))
        settings = [mapping.recorded(Stored.of(each.index + 1, each.extra or b"")) for each in carried]
        return cls(
            case.id,
            [mapping.recorded(each, _opened(openings, each.position)) for each in stored],
            [each + 1 for each in case.entries if each not in set(shown)],
            Policy.fold(settings),
            {each.position: int(each.members.get("release", 0)) for each in stored},
        )

    @staticmethod
    def is_decision(record: Recorded[Any]) -> bool:
        """As in a ledger: decided under rules, or resting on other facts."""
        return record.stream != STREAM and bool(record.under or record.rests_on)

    def chain(self, name: str) -> Sequence[Recorded[Any]]:
        """What this bundle has of a case."""
        return [each for each in self.records if self.case == name or name == each.stream or name in each.about]

    def rerun(self, record: Recorded[Any]) -> Rerun:
        """The decision taken again, as `telling.rerun_of` has it, with `inputs_elsewhere`: cases that are not here."""
        release = self.releases[record.position]
        then, asked = policy_then(self.policy, record.policy, release), Asked()
        outcome = decided(record, knowing(record, self.chain, then, asked))
        closed = closed_inputs(record, self.chain, outcome.looked)
        withheld = [(position, "") for position in self.hidden if position < record.position]
        elsewhere = [name for name in dict.fromkeys(outcome.looked) if name not in (self.case, record.stream)]
        elsewhere += self._not_here(record, release)
        missing = self._missing(record)
        found = differences(record, outcome)
        if missing or (record.stream != self.case and (found or outcome.refusals)):
            elsewhere.insert(0, record.stream)  # others may have told of it what is not here
        row = telling.rerun_of(
            outcome, found, [*closed, *withheld, *((0, name) for name in elsewhere)], frozenset(), telling.in_full
        )
        row["inputs_closed"] = [{"position": at, "field": name or None} for at, name in (*closed, *withheld)]
        return Rerun(row | {"inputs_elsewhere": elsewhere}, then, asked, release)

    def _not_here(self, record: Recorded[Any], release: int) -> Iterator[str]:
        """The streams of settings and releases that it was decided under, where one of those it names is not here."""
        settings = {each.version for each in self.policy.history if each.stream == POLICY.noun}
        if not settings.issuperset(range(1, record.policy + 1)):
            yield POLICY.noun
        if release and release not in {each.position for each in self.policy.history if each.stream == STREAM}:
            yield STREAM

    def _missing(self, record: Recorded[Any]) -> bool:
        """Whether an earlier version of the stream that it was taken on is not here; of the case itself none can be."""
        own: list[int] = [each.version for each in self.records if each.stream == record.stream]
        return record.stream != self.case and not set(range(1, record.version)) <= set(own)


def _opened(openings: Mapping[int, Mapping[str, contents.Opening]], position: int) -> dict[str, Any]:
    return {path: each.value for path, each in openings.get(position - 1, {}).items()}


def _rule(files: Mapping[str, bytes], label: str) -> Row:
    """A rule edition as the bundle words it; which one it is says the entry alone, for nothing proves the wording."""
    rule, _, edition = label.partition("@")
    try:
        told: dict[str, Any] = from_json(files[contents.rule_name(label)])
        title, sources = told["title"], list(dict.fromkeys(str(each["source"]) for each in told["texts"]))
        texts = [str(each["text"]) for each in told["texts"]] or [telling.NOT_IN_THIS_RELEASE]
    except (FormatError, KeyError, TypeError):
        title, sources, texts = None, [], [NOT_READABLE]
    return {
        "label": label,
        "rule": rule,
        "edition": edition,
        "title": str(title or edition),
        "sources": sources,
        "texts": texts,
    }


__all__ = ["decisions_in", "trail_in"]
