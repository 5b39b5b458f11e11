"""What of a bundle is for reading: chronology.csv and .pdf, the rules as worded, and the page that checks the rest.

They are made of what the bundle shows and of nothing else: a value that is not opened prints as `[sealed]`, a fact that
is withheld whole as its position.  What should have happened and did not is told of a person's case, and only where all
is shown that it follows from: a letter that is withheld is not a letter that was never sent.

Proven by tests/disclosing/test_exporting.py and tests/disclosing/test_page.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.offender.facts.person import OffenderRecorded
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Actor, Closed, History, Recorded
from ledger.disclosing.gathering import Gathered
from ledger.disclosing.page import page
from ledger.disclosing.table import PURPOSES
from ledger.printing import Chronology, chronology_csv, chronology_pdf
from ledger.projections import chronology
from ledger.rules.dates import london_day
from ledger.rules.registry import EDITIONS, rules
from ledger.store.heads import Closing
from ledger.transparency.bundle import contents
from ledger.transparency.bundle.contents import Opening
from ledger.transparency.bundle.forms import to_json

Made = Callable[[bool], dict[str, bytes]]


def papers(
    case: str,
    found: Gathered,
    openings: Mapping[int, Mapping[str, Opening]],
    closing: Closing,
    files: Mapping[str, bytes],
    asked: tuple[str, str, Actor],
    policy: Policy,
) -> Made:
    """A function that makes them, given whether to print too: it takes a while and touches nothing, so a thread can.

    `files` are those that prove the case; `asked` is purpose, recipient and requester.
    """
    values = {index + 1: {path: each.value for path, each in of.items()} for index, of in openings.items()}
    records = found.records(values)
    moment = closing.recorded

    def made(printed: bool) -> dict[str, bytes]:
        day = london_day(moment)
        told = chronology.view(History(records), policy, day, closing.position)
        printing = Chronology(
            case=list(_headed(case, records, asked)),
            events=told["events"],
            as_at=day,
            known_at=moment,
            checkpoint=files[contents.CHECKPOINT].decode(),
            withheld=sorted(found.withheld),
            gaps=_gaps(case, found, records, told["gaps"]),
        )
        more = {"chronology.csv": chronology_csv(printing), **_worded(records)}
        if printed:
            more["chronology.pdf"] = chronology_pdf(printing, moment)

        more["index.html"] = page({**files, **more})
        return more

    return made


FACTS_WITHHELD: Final = "This is not told here: it would follow from facts that are withheld."
VALUES_CLOSED: Final = "This is not told here: it would follow from values that are not opened."


def _gaps(
    case: str, found: Gathered, records: Iterable[Recorded[Any]], gaps: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]] | str | None:
    """The gaps, or why they are not told; None for a case that is not a person's, for which no rule has any."""
    aggregate = AGGREGATES[noun_of(case)]
    if aggregate is not AGGREGATES["offender"]:
        return None
    if found.withheld:
        return FACTS_WITHHELD
    read = (getattr(each.fact, name, None) for each in records for name in aggregate.opens.get(each.fact.topic, ()))
    return VALUES_CLOSED if any(map(_is_closed, read)) else gaps


def _is_closed(value: Any) -> bool:
    return isinstance(value, Closed) or (isinstance(value, list) and any(map(_is_closed, cast("list[Any]", value))))


def _headed(case: str, records: Iterable[Recorded[Any]], asked: tuple[str, str, Actor]) -> Iterator[tuple[str, str]]:
    """Whose it is, what for, for whom, by whom."""
    purpose, recipient, by = asked
    for each in records:
        if isinstance(each.fact, OffenderRecorded) and not isinstance(each.fact.surname, Closed):
            yield "Name", f"{each.fact.forenames} {each.fact.surname}"
    yield "Case", case
    yield "Purpose", f"{purpose}: {PURPOSES[purpose].meaning}"
    yield "For", recipient
    yield "Made by", f"{by.role} ({by.id})"


def _worded(records: Iterable[Recorded[Any]]) -> dict[str, bytes]:
    """The editions that the facts were decided under, as this release words them."""
    texts: dict[str, list[dict[str, Any]]] = {}
    for each in rules():
        line = {"name": each.name, "text": each.text, "source": each.cite, "chosen_by": each.anchor}
        texts.setdefault(each.label, []).append(line)
    return {
        contents.rule_name(label): _rule_of(label, texts.get(label, []))
        for label in sorted({label for each in records for label in each.under})
    }


def _rule_of(label: str, lines: list[dict[str, Any]]) -> bytes:
    """A rule's file; without lines this release does not know the edition any more."""
    rule, _, edition = label.partition("@")
    title = EDITIONS[edition].title if edition in EDITIONS else None
    return to_json({"rule": rule, "edition": edition, "title": title, "texts": lines})
