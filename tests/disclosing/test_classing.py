"""Of which class a sealed value is, and why a fact is withheld whole; tried on every type of fact there is."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from tests.store.samples import a_fact_of

from ledger.aggregates import FACT_BY_TOPIC
from ledger.aggregates.corrections import RecordCorrected, RecordStruckOut
from ledger.aggregates.shape import Actor, Recorded, Subject
from ledger.disclosing.classing import Classing
from ledger.disclosing.table import EntryClass, FieldClass

ME = f"offender-{uuid4()}"
OTHER = f"offender-{uuid4()}"
PLACE = f"placement-{uuid4()}"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class File:
    """A case under construction."""

    records: list[Recorded] = field(default_factory=list)
    markings: dict[int, str] = field(default_factory=dict)

    def add(self, what, stream=ME, about=(), marking=None, **fields):
        fact = a_fact_of(FACT_BY_TOPIC[what] if isinstance(what, str) else what).completed(**fields)
        position = len(self.records) + 1
        record = Recorded(position, stream, position, str(uuid4()), fact, NOW, NOW, Actor("s", "practitioner"), about)
        self.records.append(record)
        if marking:
            self.markings[position] = marking
        return record

    @property
    def classing(self):
        return Classing(ME, {each.id: each for each in self.records}, self.markings)

    def class_of(self, record, path):
        return self.classing.class_of(record, path)

    def withheld(self, record):
        return set(self.classing.withheld_for(record))


@pytest.fixture
def file():
    return File()


def test_what_is_sealed_under_the_persons_key_is_the_persons(file):
    record = file.add("offender.recorded.v1", offender_id=ME.removeprefix("offender-"))
    assert file.class_of(record, "surname") is FieldClass.PERSON
    assert file.class_of(record, "solicitor_name") is FieldClass.THIRD_PARTY
    assert file.withheld(record) == set(), "a solicitor's name in a sealed value withholds no fact"


def test_another_offenders_value_in_this_chain_is_a_third_partys(file):
    record = file.add("offender.absence-recorded.v1", stream=OTHER, about=(ME,))
    assert file.class_of(record, "note") is FieldClass.THIRD_PARTY
    assert file.withheld(record) == {EntryClass.ANOTHER_PERSON}


def test_free_text_of_the_case_and_of_a_placement_is_narrative_and_of_another_persons_stream_is_not(file):
    assert file.class_of(file.add("offender.hours-adjusted.v1"), "reason") is FieldClass.NARRATIVE
    site = file.add("placement.suspended.v1", stream=PLACE, about=(ME,))
    assert file.class_of(site, "cause") is FieldClass.NARRATIVE
    other = file.add("offender.hours-adjusted.v1", stream=OTHER, about=(ME,))
    assert file.class_of(other, "reason") is FieldClass.THIRD_PARTY


def test_what_another_system_said_of_its_users_is_staffs(file):
    record = file.add("offender.absence-recorded.v1")
    assert file.class_of(record, "source/by") is FieldClass.STAFF


def test_a_person_in_a_list_is_of_the_class_of_the_list(file):
    record = file.add("placement.incident-reported.v1", stream=PLACE, about=(ME,))
    assert file.class_of(record, "witnesses/1") is FieldClass.THIRD_PARTY


def test_a_corrected_value_is_of_the_class_of_what_it_corrects(file):
    note = file.add("offender.victim-information-filed.v1")
    right = file.add(RecordCorrected, event_ref=note.id, field="content")
    again = file.add(RecordCorrected, event_ref=right.id, field="corrected_value")
    assert file.class_of(right, "corrected_value") is FieldClass.VICTIM
    assert file.class_of(again, "corrected_value") is FieldClass.VICTIM
    assert file.class_of(right, "reason") is FieldClass.NARRATIVE


def test_a_correction_of_what_is_not_at_hand_is_of_the_narrowest_class_and_withheld_for_every_reason(file):
    record = file.add(RecordCorrected, event_ref=str(uuid4()), field="note")
    assert file.class_of(record, "corrected_value") is FieldClass.VICTIM
    assert file.withheld(record) == set(EntryClass)


def test_a_correction_of_a_later_fact_or_of_itself_ends(file):
    record = file.add(RecordCorrected, field="corrected_value")
    itself = Recorded(**{**vars_of(record), "fact": record.fact.completed(event_ref=record.id)})
    file.records[0] = itself
    assert file.class_of(itself, "corrected_value") is FieldClass.VICTIM
    assert file.withheld(itself) == set(EntryClass)


def vars_of(record):
    return {name: getattr(record, name) for name in Recorded.__slots__}


@pytest.mark.parametrize("kind", [RecordCorrected, RecordStruckOut])
def test_a_correction_or_striking_out_is_withheld_with_its_record(file, kind):
    paper = file.add("offender.document-filed.v1", marking="RESTRICTED")
    assert file.withheld(file.add(kind, event_ref=paper.id)) == file.withheld(paper) >= {EntryClass.RESTRICTED}
    plain = file.add("offender.absence-recorded.v1")
    assert file.withheld(file.add(kind, event_ref=plain.id)) == set()


@pytest.mark.parametrize("marking", [None, "OPEN", "CONFIDENTIAL"])
def test_a_document_that_is_not_restricted_is_not_withheld(file, marking):
    assert file.withheld(file.add("offender.document-filed.v1", marking=marking)) == set()


@pytest.mark.parametrize("topic", ["offender.victim-information-filed.v1", "offender.victim-contact-offered.v1"])
def test_facts_about_victims_are_withheld(file, topic):
    assert EntryClass.VICTIM in file.withheld(file.add(topic))


@pytest.mark.parametrize(
    "topic",
    [
        "offender.notebook-entry-made.v1",
        "offender.registration-noted-on-case.v1",
        "offender.file-marked.v1",
        "offender.pso-involvement-approved.v1",
    ],
)
def test_a_fact_that_tells_of_child_protection_is_withheld_though_it_is_of_the_persons_own_stream(file, topic):
    assert EntryClass.CHILD_PROTECTION in file.withheld(file.add(topic))


@pytest.mark.parametrize("noun", ["child", "register-entry", "child-protection-matter", "case-review"])
def test_every_fact_of_a_stream_of_child_protection_is_withheld(file, noun):
    for topic in [each for each in FACT_BY_TOPIC if each.startswith(f"{noun}.")]:
        record = file.add(topic, stream=f"{noun}-{uuid4()}", about=(ME,))
        assert EntryClass.CHILD_PROTECTION in file.withheld(record), topic


@pytest.mark.parametrize("about", [(f"child-{uuid4()}",), (f"victim-{uuid4()}",), (PLACE, OTHER)])
def test_a_fact_about_another_person_is_withheld(file, about):
    assert file.withheld(file.add("offender.absence-recorded.v1", about=about)) == {EntryClass.ANOTHER_PERSON}


def test_a_fact_about_a_placement_and_staff_names_no_other_person(file):
    record = file.add("offender.practitioner-assigned.v1", about=(PLACE, f"staff-{uuid4()}"))
    assert file.withheld(record) == set()


@pytest.mark.parametrize("topic", sorted(FACT_BY_TOPIC))
def test_of_no_fact_a_childs_or_victims_value_passes_for_anything_else_and_the_fact_is_withheld(file, topic):
    kind = FACT_BY_TOPIC[topic]
    record = file.add(kind)
    for name, whose in kind.whose.items():
        if kind is RecordCorrected:
            continue
        found = file.class_of(record, name)
        assert (found is FieldClass.CHILD) == (whose.subject is Subject.CHILD)
        assert (found is FieldClass.VICTIM) == (whose.subject is Subject.VICTIM)
    if {each.subject for each in kind.whose.values()} & {Subject.CHILD, Subject.VICTIM}:
        assert file.withheld(record) & {EntryClass.CHILD_PROTECTION, EntryClass.VICTIM}
