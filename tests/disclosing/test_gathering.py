"""What of a case may be shown: destroyed keys are known, and whoever withholds nothing looks for nothing."""

from uuid import uuid4

from ledger.disclosing.gathering import gathered
from ledger.disclosing.table import EntryClass, FieldClass, allowed
from ledger.store.mapping import Stored

ME, KID = f"offender-{uuid4()}", f"child-{uuid4()}"
KEY = str(uuid4())
COMMITTED = ["A" * 43 + "=", KEY]


def stored(position, type_, stream=ME, about=(), values=None, sealed=(), **more):
    members = {
        "id": str(uuid4()),
        "stream": stream,
        "version": position,
        "type": type_,
        "about": list(about),
        "effective": "2026-03-02",
        "recorded": "2026-03-02T10:00:00.000000Z",
        "by": {"id": "s", "role": "practitioner"},
        "values": values or {},
        "sealed": dict.fromkeys(sealed, COMMITTED),
        **more,
    }
    return Stored(position, members)


def a_case():
    notebook = {"entry_no": 1, "entered_on": "2026-03-02"}
    erased = {"child_id": KID[6:], "key_ids": [KEY], "erased_on": "2026-03-02", "key_destroyed": True}
    paper = {"doc_id": str(uuid4()), "kind": "OTHER", "marking": "RESTRICTED"}
    return [
        stored(1, "offender.hours-adjusted.v1", values=adjusted(), sealed=["reason", "source/by"]),
        stored(2, "offender.notebook-entry-made.v1", ME, [KID], notebook, ["heading", "child_text", "text"]),
        stored(3, "child.data-erased.v1", KID, [ME], {**erased, "certificate": ["vault"]}),
        stored(4, "offender.document-filed.v1", values=paper, sealed=["section"], marking="RESTRICTED"),
    ]


def adjusted():
    return {"order_id": str(uuid4()), "session_id": str(uuid4()), "delta_minutes": -30, "by": str(uuid4())}


def test_a_key_that_a_fact_of_the_case_says_was_destroyed_is_known():
    assert gathered(ME, a_case(), allowed("practitioner", "supervision")).destroyed == {KEY}
    assert gathered(ME, a_case()[:2], allowed("practitioner", "supervision")).destroyed == set()


def test_within_probation_everything_is_shown_and_everything_may_be_opened():
    found = gathered(ME, a_case(), allowed("practitioner", "supervision"))
    assert found.withheld == set()
    assert {path for of in found.opens.values() for path in of} == {
        *("reason", "source/by", "heading", "child_text", "text", "section")
    }


def test_outside_it_three_of_these_facts_are_withheld_and_nothing_of_them_is_opened():
    found = gathered(ME, a_case(), allowed("information-manager", "sharing"))
    assert found.allows.withholds == set(EntryClass)
    assert FieldClass.STAFF not in found.allows.opens
    assert found.withheld == {2, 3, 4}
    assert found.opens == {1: {"reason"}}
    assert [each.position for each in found.shown] == [1]
    assert [each.fact.reason for each in found.records({1: {"reason": "told"}})] == ["told"]
    assert [str(each.fact.reason) for each in found.records({})] == ["[sealed]"]
