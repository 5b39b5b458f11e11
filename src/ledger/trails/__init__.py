"""Decision trails: what a decision rested on, what its author saw, and whether it comes out the same today.

    await trail(ledger, position)                       one decision, as JSON values
    await decisions(ledger, "offender", id)             the decisions of a case, a page of them
    trail_pdf(found, moment)                            the trail as a printed page
    decisions_in(files), trail_in(files, position)      the same from a bundle, without a ledger

A decision is any fact that was decided under rules or rests on other facts: a judgement, a breach action, an
allocation, a de-registration.  It is taken again by the very code of commands (`ledger.aggregates`), on what was known
when it was sealed: `again` and `later` are pure, `reading` asks the ledger.  Proven by tests/trails/.
"""

from ledger.trails.bundled import decisions_in, trail_in
from ledger.trails.page import trail_pdf
from ledger.trails.reading import decisions, trail

__all__ = ["decisions", "decisions_in", "trail", "trail_in", "trail_pdf"]
