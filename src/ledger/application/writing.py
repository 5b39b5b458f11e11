"""Writing a letter: its words follow from the decision, and are sealed in the very fact that issued it.

    decision = await writing.written(command, decision, desk, policy)

Where the command names a template, the template in force on the letter's day is filled with what the case says at the
position the decision rests on.  The sequencer guards both, case and policy, so the words are those of the moment they
are sealed in: whatever moved meanwhile, the decision is taken and the letter written again.

A caller who has seen a preview gives its `words_digest`: then it is those words that are issued, or none.  Who the
person is, and what the template says, is opened for this alone.  Proven by tests/api/test_letters.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import TEXT_BYTES, Decision, Fact, Recorded
from ledger.aggregates.templates import TemplateSet, template_on
from ledger.commands import Command
from ledger.errors import Refusal, Refused
from ledger.privacy.sealing import Unreadable
from ledger.projections.letters import LETTERS, OPENS, day_of_letter, places
from ledger.rules import general, letters
from ledger.store.cases import Cases, Desk, PolicyAt
from ledger.store.database import Database
from ledger.store.mapping import Stored

SAID_OTHERWISE: Final = "The letter would say something else now; look at it again, then give the digest of its words."
_OPENS: Final = {TemplateSet.topic: ("text",)}
_SEALED: Final = ("words", "words_digest")


@dataclass(frozen=True, slots=True)
class Template:
    """A template as it is used: whose edition, and its text."""

    edition: str
    text: str


@dataclass(frozen=True, slots=True)
class Writing:
    """Letters of an open ledger, on their way."""

    database: Database
    cases: Cases

    async def written(self, command: Command, decision: Decision, desk: Desk, policy: PolicyAt) -> Decision:
        """A decision on a letter that is `to_be_written`, with its words.

        Raises Refused where the caller gave other words, or they are too many; Unreadable, DatabaseUnavailable,
        VaultUnavailable.
        """
        fact = decision.facts[0]
        assert isinstance(fact, LETTERS)
        assert fact.template is not None
        chain = await self.cases.chains.of(command.stream)
        reading = await self.cases.chains.read(chain, OPENS)
        history = reading.known(desk.read[command.stream].at)
        template = await self.template(policy.policy, fact.template, day_of_letter(fact))
        words = letters.filled(template.text, places(history, fact, policy.policy, command.actor.unit))
        if len(words.encode()) > TEXT_BYTES:
            raise Refused([Refusal("ENF-03", letters.TOO_MANY_WORDS, rule_book=False)])
        values = {
            "template_edition": template.edition,
            "template_digest": letters.digest(template.text),
            "words": words,
            "words_digest": letters.digest(words),
        }
        _as_given(fact, values)
        return replace(decision, facts=(fact.completed(**values), *decision.facts[1:]))

    async def template(self, policy: Policy, name: str, day: date) -> Template:
        """The template of a name that is in force on a day, as this policy knows it: the area's, else the ledger's."""
        record = template_on(policy.history, name, day)
        if record is None:
            return Template(letters.BUILT_IN, letters.KINDS[name].text)
        return Template(record.fact.edition, await self._text(record))

    async def _text(self, record: Recorded[TemplateSet]) -> str:
        entries = await self.database.entries(record.position, record.position)
        stored = [Stored.of(position, entry) for position, _, entry in entries]
        [found] = await self.cases.records(stored, _OPENS, leaving=True)
        text: Any = getattr(found.fact, "text", None)
        if not isinstance(text, str):
            raise Unreadable(f"the template of the fact at {record.position} is not beside it")
        return text


def _as_given(fact: Fact, values: dict[str, str]) -> None:
    """What the caller gave must be what is written.  Raises Refused."""
    wrong = [name for name, value in values.items() if getattr(fact, name) not in (None, value)]
    if wrong:
        raise Refused([Refusal("ENF-03", _said_otherwise(name, values[name]), rule_book=False) for name in wrong])


def _said_otherwise(name: str, value: str) -> str:
    return SAID_OTHERWISE if name in _SEALED else general.OTHER_VALUE.format(field=name, value=value)
