"""Templates of letters and forms: set by an area, in force from a day on, as known at a position (GEN-09).

    template_on(policy.history, "warning", day)      the record that is in force, or None: the ledger's own words are
    ruled(draft, history)                            what may be decided about a new one

A template is a fact of stream `policy`, so which words were used is provable: the letter names name, edition and digest
of its template beside the words themselves.  Its text is sealed, as every free text is, and opened by whoever writes a
letter; the policy is folded without it.  Proven by tests/api/test_letters.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any

from ledger.aggregates.aggregate import Computed, Ruling
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.shape import COMPUTED, Asked, Closed, Code, Day, Fact, OwnText, Recorded, later
from ledger.errors import WITHHELD, Refusal
from ledger.rules import letters, settings


class TemplateSet(
    Fact,
    topic="policy.template-set.v1",
    command="SetTemplate",
    who=("chief-officer",),
    rules=("GEN-09",),
    plan=True,
):
    """The words of a letter or form are these from a day on."""

    name: Code
    edition: Code
    text: OwnText
    text_digest: Annotated[Code, COMPUTED] = later()
    effective_from: Day
    reason: Annotated[OwnText, Asked("GEN-09", settings.REASON_FOR_CHANGE)]


def template_on(history: Sequence[Recorded[Any]], name: str, day: date) -> Recorded[TemplateSet] | None:
    """The template of a name that is in force on a day, of these facts; None where the ledger's own words are.

    Of two from the same day the later recorded rules.
    """
    told = [each for each in as_corrected(history) if isinstance(each.fact, TemplateSet) and each.fact.name == name]
    in_force = [each for each in told if each.fact.effective_from <= day]
    return max(in_force, key=lambda each: (each.fact.effective_from, each.position), default=None)


def ruled(draft: TemplateSet, history: Sequence[Recorded[Any]]) -> Ruling:
    """The ruling on a new template, on what the policy holds."""
    if isinstance(draft.text, Closed):
        return Ruling()  # looked at again by whoever may not read it
    text_digest = letters.digest(draft.text)
    refusals = list(faults(draft.name, draft.text))
    if draft.edition.casefold() == letters.BUILT_IN or any(
        _another(each.fact, draft, text_digest)
        for each in history  # one struck out may stand in letters that were sent
    ):
        refusals.append(_fault("GEN-09", letters.EDITION_TAKEN.format(edition=draft.edition)))
    return Ruling(refusals=tuple(refusals), computed={"text_digest": Computed(text_digest, "GEN-09")})


def _another(fact: Fact, draft: TemplateSet, text_digest: str) -> bool:
    """Whether a fact set another text under the same name and edition: an edition is one text, from whichever day."""
    if not isinstance(fact, TemplateSet) or (fact.name, fact.edition) != (draft.name, draft.edition):
        return False
    return fact.text_digest != text_digest


def faults(name: str, text: str) -> Iterator[Refusal]:
    """Why an area may not use this text for a template; nothing if it may."""
    kind = letters.KINDS.get(name)
    if kind is None:
        yield _fault("GEN-09", letters.NO_SUCH_TEMPLATE.format(name=name, names=", ".join(letters.KINDS)))
        return
    if len(text) > letters.LONGEST:
        yield _fault("GEN-09", letters.TOO_LONG)
        return
    heading = text.partition("\n")[0]
    if not heading.strip() or len(heading) > letters.LONGEST_HEADING or re.search("[{}]", heading):
        yield _fault("GEN-09", letters.NO_HEADING)
    if re.search("[{}]", letters.PLACE.sub("", text)):
        yield _fault("GEN-09", letters.STRAY_BRACE.format(place=min(kind.demands)))
    there = dict.fromkeys(letters.PLACE.findall(text))
    for place in there:
        if place not in kind.places:  # what stands in braces may be anything, a name too
            told, kept = (
                letters.NO_SUCH_PLACE.format(place=each, places=", ".join(kind.places)) for each in (place, WITHHELD)
            )
            yield _fault("GEN-09", told, kept)
    if kind.must is not None and not kind.must.search(text):
        yield _fault(kind.rule, letters.WORDS_MISSING.format(why=kind.why))
    for place, why in kind.demands.items():
        if place not in there:
            yield _fault(kind.rule, letters.PLACE_MISSING.format(place=place, why=why))


def _fault(rule: str, message: str, kept: str | None = None) -> Refusal:
    """Incomplete or impossible, whoever tells it."""
    return Refusal(rule, message, rule_book=False, kept=kept)
