"""The nominations of a demonstration: one for every site it has, and a few that wait or came to nothing (PLC-01)."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Final

from ledger.demonstration.lines import Book, Days, Pen, at
from ledger.demonstration.people import Roster
from ledger.demonstration.sites import Site, Sites

COORDINATOR: Final = "placement-coordinator"
# Received how many working days ago; acknowledged, and decided, how many after that.
_NEW: Final = (
    (2, None, None, "Nowhere Allotments", "Rebuild the compost bays"),
    (9, None, None, "Madeup Towpath", "Clear litter along a mile of towpath"),
    (12, 3, None, "Specimen Village Hall", "Paint the hall inside"),
    (40, 7, 15, "Placeholder Builders Ltd", "Clear a plot before building starts"),
)


def nominate(book: Book, people: Roster, sites: Sites, seed: int) -> None:
    """Tell every nomination, oldest first."""
    days = book.days
    for site in sites.all:
        _site(book, people, site, Random(f"{seed}:nominated:{site.kind.name}"))  # noqa: S311 - drawn again from its seed
    for n, (ago, acknowledged, decided, name, work) in enumerate(_NEW):
        pen = _pen(book, Random(f"{seed}:nomination {n}"))  # noqa: S311
        received = days.ago(ago)
        _received(pen, people, received, name, work)
        if acknowledged:
            _acknowledged(pen, people, days.working(received, acknowledged))
        if decided:
            why = "It would add to a firm's profit and replace paid work."
            _decided(pen, people, days.working(received, decided), "REJECTED", why)


def _site(book: Book, people: Roster, site: Site, rng: Random) -> None:
    days: Days = book.days
    pen, received = _pen(book, rng), days.working(site.started - timedelta(days=90))
    _received(pen, people, received, site.kind.name, f"Work at a {site.kind.type}")
    _acknowledged(pen, people, days.working(received, rng.randint(1, 5)))
    _decided(pen, people, days.working(received, 15), "ACCEPTED", "Useful work, safe to do, and seen by the public.")


def _pen(book: Book, rng: Random) -> Pen:
    pen = Pen(book, "", rng)
    pen.target = f"nomination/{pen.id()}"
    return pen


def _received(pen: Pen, people: Roster, day: date, name: str, work: str) -> None:
    pen.tell(
        at(day, 10),
        people.one(COORDINATOR),
        "ReceiveNomination",
        received_on=day,
        means_of_referral=pen.rng.choice(("website", "letter", "telephone")),
        site=name,
        work_described=work,
    )


def _acknowledged(pen: Pen, people: Roster, day: date) -> None:
    pen.tell(at(day, 11), people.one(COORDINATOR), "AcknowledgeNomination", on=day)


def _decided(pen: Pen, people: Roster, day: date, decision: str, reasons: str) -> None:
    by = people.one("operations-manager")
    pen.tell(at(day, 12), by, "DecideNomination", decision=decision, reasons=reasons, decided_on=day)
