"""Documents: scans, signed agreements, letters; kept beside the entry and committed to by it (ledger-format.md).

    DocumentStored           the fact; told with the bytes, so by a door of its own (ledger.application.documents)
    stored_in(history)       the documents of a chain by their ids, as corrected
    keeping(rule_on, filed)  the ruling of a noun that keeps documents

A document is filed first (FileDocument) where a noun files documents, and takes kind and marking from there; elsewhere
they are given.  One that names a child is the child's: it goes with the child's key.  Proven by
tests/api/test_documents.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator

from ledger.aggregates.aggregate import Computed, Ruling, about_ids
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.shape import OWN, Code, Count, Fact, Id, Now, Personal, Recorded, Subject, Whose
from ledger.errors import Refusal
from ledger.rules import data_protection, general

MEDIA: Final = ("application/pdf", "image/png", "image/jpeg", "image/tiff")
_DIGEST: Final = re.compile("sha256:[0-9a-f]{64}")


def a_document(value: str) -> str:
    """A document by its digest, sha256: and 64 hexadecimal digits (ledger.transparency.commitment)."""
    if not _DIGEST.fullmatch(value):
        raise ValueError("use sha256: and the digest of the document")
    return value


DocumentDigest: TypeAlias = Annotated[Personal[Annotated[str, AfterValidator(a_document)]], OWN]
Marking: TypeAlias = Literal["OPEN", "CONFIDENTIAL", "RESTRICTED"]


class DocumentStored(
    Fact,
    topic="document.stored.v1",
    act="StoreDocument",
    who=("practitioner", "team-admin", "placement-coordinator"),
    rules=("DP-02", "DP-14"),
):
    """The document itself was put beside the record: so many bytes of a type, `file_id` where they lie.

    Sealed is the digest, as a commitment to the document.
    """

    doc_id: Id
    kind: Code | None = None
    marking: Marking | None = None
    child_id: Id | None = None
    media_type: Literal["application/pdf", "image/png", "image/jpeg", "image/tiff"]
    size: Count
    file_id: Id | None = None
    document: DocumentDigest


def stored_in(history: Sequence[Recorded[Any]]) -> dict[str, Recorded[DocumentStored]]:
    """The documents that were stored, by their ids; struck-out ones are not among them."""
    return {each.fact.doc_id: each for each in as_corrected(history) if isinstance(each.fact, DocumentStored)}


RuleOn = Callable[[Any, Any, Now, str], Ruling]


def keeping(
    rule_on: RuleOn,
    filed: Callable[[Any], dict[str, Recorded[Any]]] | None = None,
    children_of: Callable[[Any], Iterable[str]] = lambda state: (),
) -> RuleOn:
    """The ruling of a noun that keeps documents; `filed`: those on file, where it files them first."""

    def ruling(state: Any, draft: Fact, now: Now, stream: str) -> Ruling:
        if not isinstance(draft, DocumentStored):
            return rule_on(state, draft, now, stream)
        of = filed(state).get(draft.doc_id) if filed else None
        refusals = tuple(_impossible(state, draft, filed is not None, of, set(children_of(state))))
        computed = {}
        if of is not None:
            computed = {name: Computed(getattr(of.fact, name), "DP-02") for name in ("kind", "marking")}
        found = Ruling(
            refusals=refusals,
            computed=computed,
            about=about_ids(draft, stream),
            rests_on=(of.position,) if of else (),
        )
        if draft.child_id is None:
            return found
        return replace(found, whose={"document": Whose(Subject.CHILD, draft.child_id)})

    return ruling


def _impossible(
    state: Any, draft: DocumentStored, files: bool, filed: Recorded[Any] | None, children: set[str]
) -> Iterator[Refusal]:
    if draft.doc_id in stored_in(state.history):
        yield Refusal("GEN-06", general.NO_OVERWRITING, rule_book=False)
    if files and filed is None:
        yield Refusal("GEN-06", general.UNKNOWN.format(what="document", id=draft.doc_id), rule_book=False)
    if not files and (draft.kind is None or draft.marking is None):
        yield Refusal("DP-02", data_protection.KIND_AND_MARKING, rule_book=False)
    if draft.child_id is not None and draft.child_id not in children:
        yield Refusal("GEN-06", general.UNKNOWN.format(what="child", id=draft.child_id), rule_book=False)
