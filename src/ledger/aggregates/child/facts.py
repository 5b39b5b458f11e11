"""What can happen to a child's record (catalogue 6.4); frozen in tests/golden/facts.json.

ChildDataErased has no command but an act: what it says is done before it is recorded.  `certificate`: by the code of a
store that was reached the day it was, and `horizon`, the day from which no backup opens anything either.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ledger.aggregates.shape import (
    CHILD,
    COMPUTED,
    LIST_ITEMS,
    TARGET,
    ChildText,
    ClientId,
    Code,
    Day,
    Fact,
    Id,
    Ids,
    Instant,
    OwnText,
    Personal,
    ThirdPartyText,
    later,
)

Codes: TypeAlias = Annotated[dict[Code, Code], Field(max_length=LIST_ITEMS)]  # ids, dates and codes of stores: clear


class ChildRecorded(
    Fact, topic="child.recorded.v1", command="RecordChild", who=("information-officer",), rules=("CP-49", "CP-57")
):
    """A child on a register of the local authority was recorded."""

    child_id: Annotated[Id, TARGET] = later()
    client_id: Annotated[Personal[ClientId], CHILD]
    surname: ChildText
    forenames: ChildText
    dob: Annotated[Personal[Day], CHILD] | None = None
    gender: ChildText | None = None
    address: ChildText | None = None
    register_name: Literal["CP_REGISTER", "ICS_REGISTER", "LOOKED_AFTER"]


class ChildDataErased(
    Fact,
    topic="child.data-erased.v1",
    act="EraseChild",
    who=("information-officer", "system"),
    rules=("CP-42", "DP-06", "SCR-06"),
    effective="erased_on",
):
    """The child's data was erased: key and ciphertexts are destroyed."""

    child_id: Annotated[Id, TARGET] = later()
    key_ids: Annotated[Ids, COMPUTED] = later()
    erased_on: Day
    key_destroyed: Annotated[bool, COMPUTED] = later()
    certificate: Annotated[Codes, COMPUTED] = later()


class KeyWorkerNamed(
    Fact, topic="child.key-worker-named.v1", command="NameKeyWorker", who=("practitioner",), rules=("CP-25",)
):
    """The key worker of the child was named."""

    child_id: Annotated[Id, TARGET] = later()
    name: ThirdPartyText
    contact: ThirdPartyText | None = None
    agency: OwnText


class ChildContactRecorded(
    Fact,
    topic="child.contact-recorded.v1",
    command="RecordChildContact",
    who=("practitioner",),
    rules=("CP-17",),
    effective="on",
):
    """Probation staff were in contact with the child."""

    child_id: Annotated[Id, TARGET] = later()
    on: Day
    purpose: ChildText


class ChildUnattendedOnPremises(
    Fact,
    topic="child.unattended-on-premises.v1",
    command="ReportUnattendedChild",
    who=("team-admin",),
    rules=("CP-56",),
    effective="at",
):
    """A child was left unattended on probation premises."""

    place: OwnText
    at: Instant
    action: OwnText
    child_text: ChildText | None = None


FACTS: tuple[type[Fact], ...] = (
    ChildRecorded,
    ChildDataErased,
    KeyWorkerNamed,
    ChildContactRecorded,
    ChildUnattendedOnPremises,
)
