"""Which class each sealed value of a fact is of, and for which reasons a fact is withheld whole.

Both are seen from the person an export is about: another offender's values are a third party's here.  What cannot be
told is of the narrowest class: a correction of a record that is not at hand, a field that this release does not know.

A fact *names another person* if it is of another person's stream, is about one, or an id of its own names one.  What
third parties it tells of in sealed values only (a solicitor's name in the first fact of a case) does not withhold it:
the values stay shut, and that is all there is of them.

A fact is of *child protection* by its stream, by a rule of that area it is recorded under, or by a value about a child.
A correction or striking-out is withheld with the record it is about.

Proven by tests/disclosing/test_classing.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger.aggregates.aggregate import about_ids
from ledger.aggregates.corrections import CORRECTING, RecordCorrected
from ledger.aggregates.offender.facts.file import RiskConcernReported, VictimContactOffered
from ledger.aggregates.offender.facts.order import PsoInvolvementApproved, RiskManagerConsulted
from ledger.aggregates.offender.facts.person import OffenceRecorded, RiskAssessmentCompleted, RiskLevelChanged
from ledger.aggregates.shape import Fact, Recorded, Subject, Whose
from ledger.disclosing.table import EntryClass, FieldClass
from ledger.privacy.owners import owner_of

_PERSONS: Final = ("offender-", "child-", "victim-")
_PROTECTING: Final = ("child-", "register-entry-", "child-protection-matter-", "case-review-")
# An area of the rule book, and single rules elsewhere that only child protection knows.
_AREAS: Final = ("CP-", "SCR-")
_RULES: Final = frozenset({"DP-04"})
# Facts that a rule of another area asks for, in a child protection case only.
_ALSO: Final[tuple[type[Fact], ...]] = (PsoInvolvementApproved,)
_OF_VICTIMS: Final[tuple[type[Fact], ...]] = (VictimContactOffered,)
_OF_RISK: Final = (
    RiskAssessmentCompleted,
    RiskLevelChanged,
    OffenceRecorded,
    RiskConcernReported,
    RiskManagerConsulted,
)
_BY_SUBJECT: Final = {
    Subject.CHILD: FieldClass.CHILD,
    Subject.VICTIM: FieldClass.VICTIM,
    Subject.THIRD_PARTY: FieldClass.THIRD_PARTY,
    Subject.STAFF: FieldClass.STAFF,
}
_NARROWEST: Final = FieldClass.VICTIM


@dataclass(frozen=True, slots=True)
class Classing:
    """The facts of one case, as an export about `case` ("offender-019a…") looks at them.

    `by_id`: its records by their fact ids; `markings`: how those entries are marked that are, by position.
    """

    case: str
    by_id: Mapping[str, Recorded[Any]]
    markings: Mapping[int, str]

    def class_of(self, record: Recorded[Any], path: str) -> FieldClass:
        """Of which class the sealed value at a path is."""
        field = path.partition("/")[0]
        if field == "source":
            return FieldClass.STAFF
        whose = self._whose(record, field)
        if whose is None:
            return _NARROWEST
        if whose.subject in _BY_SUBJECT:
            return _BY_SUBJECT[whose.subject]
        if whose.subject is Subject.STREAM:
            return FieldClass.THIRD_PARTY if self._another(record.stream) else FieldClass.NARRATIVE
        owner = owner_of(record.fact, record.id, record.stream, whose, record.about)
        if owner.id != self.case:
            return FieldClass.THIRD_PARTY
        return FieldClass.RISK if isinstance(self._told(record), _OF_RISK) else FieldClass.PERSON

    def is_clear(self, record: Recorded[Any], field: str) -> bool:
        """Whether a field stands in clear in its entry; a corrected value does where the field it corrects does."""
        fact: Fact = record.fact
        if isinstance(fact, RecordCorrected) and field == "corrected_value":
            target = self._target(record, fact.event_ref)
            return target is not None and self.is_clear(target, fact.field)
        return field in type(fact).model_fields and field not in type(fact).whose

    def withheld_for(self, record: Recorded[Any]) -> frozenset[EntryClass]:
        """The reasons for which a fact may be withheld whole; none for most."""
        return frozenset(self._reasons(record))

    def _told(self, record: Recorded[Any]) -> Fact:
        """The fact, or the one that it corrects."""
        target = self._target(record, record.fact.event_ref) if isinstance(record.fact, RecordCorrected) else None
        return target.fact if target is not None else record.fact

    def _whose(self, record: Recorded[Any], field: str) -> Whose | None:
        """Whose a field is; a corrected value is whose the field is that it corrects."""
        fact: Fact = record.fact
        if isinstance(fact, RecordCorrected) and field == "corrected_value":
            target = self._target(record, fact.event_ref)
            return self._whose(target, fact.field) if target is not None else None
        return type(fact).whose.get(field)

    def _reasons(self, record: Recorded[Any]) -> Iterator[EntryClass]:
        fact: Fact = record.fact
        kind = type(fact)
        subjects = {each.subject for each in kind.whose.values()}
        if Subject.VICTIM in subjects or isinstance(fact, _OF_VICTIMS):
            yield EntryClass.VICTIM
        if self.markings.get(record.position) == "RESTRICTED":
            yield EntryClass.RESTRICTED
        by_rule = any(each.startswith(_AREAS) or each in _RULES for each in kind.rules)
        if record.stream.startswith(_PROTECTING) or by_rule or Subject.CHILD in subjects or isinstance(fact, _ALSO):
            yield EntryClass.CHILD_PROTECTION
        if any(map(self._another, (record.stream, *record.about, *about_ids(fact, record.stream)))):
            yield EntryClass.ANOTHER_PERSON
        if isinstance(fact, CORRECTING):
            target = self._target(record, fact.event_ref)
            # Of what it corrects nothing is known, so it may be anything.
            yield from EntryClass if target is None else self._reasons(target)

    def _target(self, record: Recorded[Any], event_ref: str) -> Recorded[Any] | None:
        found = self.by_id.get(event_ref)
        return found if found is not None and found.position < record.position else None

    def _another(self, stream: str) -> bool:
        return stream != self.case and stream.startswith(_PERSONS)
