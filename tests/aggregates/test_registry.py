"""The registry: every fact has its topic, its command and its roles, and nothing is declared twice."""

import re

import pytest

from ledger.aggregates import AGGREGATES, COLLECTIONS, COMMANDS, FACT_BY_TOPIC, FACTS, noun_of
from ledger.aggregates.roles import ANY_STAFF, ROLES, roles_for


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_a_fact_is_declared_whole(fact):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z0-9]+(-[a-z0-9]+)*\.v1", fact.topic)
    assert FACT_BY_TOPIC[fact.topic] is fact
    assert (fact.__doc__ or "").strip().endswith(".")
    assert roles_for(fact) <= set(ROLES)
    assert roles_for(fact)
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in fact.model_fields)
    if fact.effective_field:
        assert fact.effective_field in fact.model_fields


def test_no_topic_and_no_command_stands_twice():
    assert len({fact.topic for fact in FACTS}) == len(FACTS)
    for noun, aggregate in AGGREGATES.items():
        assert len(COMMANDS[noun]) == sum(bool(fact.command) for fact in aggregate.every_fact)


@pytest.mark.parametrize("noun", AGGREGATES)
def test_corrections_exist_in_every_stream(noun):
    assert {"CorrectRecord", "StrikeOutRecord"} <= set(COMMANDS[noun])
    assert COLLECTIONS[AGGREGATES[noun].collection] is AGGREGATES[noun]


@pytest.mark.parametrize("noun", AGGREGATES)
def test_what_a_fold_opens_is_sealed_in_its_facts(noun):
    for topic, names in AGGREGATES[noun].opens.items():
        assert set(names) <= set(FACT_BY_TOPIC[topic].whose)


def test_a_stream_tells_its_noun():
    assert noun_of("policy") == "policy"
    assert noun_of("offender-7d444840-9dc0-41d1-a245-5ffdce74fad2") == "offender"


def test_special_words_for_roles_are_expanded():
    assert roles_for(FACT_BY_TOPIC["offender.evidence-received.v1"]) == ANY_STAFF
    assert "senior-practitioner" not in roles_for(FACT_BY_TOPIC["offender.absence-judged.v1"])
    assert roles_for(FACT_BY_TOPIC["offender.absence-rejudged.v1"]) == {"senior-practitioner"}
    assert "chief-officer" in roles_for(FACT_BY_TOPIC["offender.management-decision-recorded.v1"])
    assert not ANY_STAFF & {"police", "school", "inspector", "auditor", "administrator", "system"}
