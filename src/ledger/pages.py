"""Pages printed from the registries: `python -m ledger.pages` writes rules, events, settings, problems, disclosing and
readings.

A test (tests/house/test_docs.py) fails when one of them is not what the registries say.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ledger.access.purposes import PURPOSES as READ_FOR
from ledger.aggregates.access import CATEGORIES
from ledger.api.openapi import errors_listed, events_listed
from ledger.disclosing.table import MAY_OPEN, MEANING, PURPOSES, EntryClass, FieldClass, may_read
from ledger.enforced import enforced_in
from ledger.projections import VIEWS, WORKLISTS
from ledger.rules.registry import Rule, rules
from ledger.rules.settings import SETTINGS as SETTINGS_OF_LAW
from ledger.settings import Settings

MODULES: Final = 9  # named of a rule that is enforced nearly everywhere
FOLDER: Final = Path(__file__).parents[2] / "docs"
PROVEN: Final = FOLDER.parent / "tests" / "house" / "proven.csv"


def pages() -> dict[str, str]:
    """Every generated page by file name."""
    return {
        "rules.md": _rules(),
        "events.md": _events(),
        "settings.md": _settings(),
        "problems.md": _problems(),
        "disclosing.md": _disclosing(),
        "readings.md": _readings(),
    }


def _rules() -> str:
    where, tests = enforced_in(), _proven()
    rows = [
        (
            each.id,
            each.name,
            each.text,
            each.cite,
            f"{each.edition}, by {each.anchor}",
            _enforced(each, where[each.id]),
            tests.get(each.id, ""),
        )
        for each in rules()
    ]
    return _page(
        "Rules",
        "What the law and the protocols say, as the code holds it. `ledger rules` prints the same. *Enforced*: the "
        "modules of src/ledger that name the rule or call its function; how it is kept, where no code names it. The "
        "tests that fail when a number changes are in [mutants.md](mutants.md). *Tests*: of the rules of child "
        "protection, data protection and case review, a test or a scenario that names the rule.",
        _table(("Rule", "Name", "Text", "Source", "Edition", "Enforced", "Tests"), rows),
    )


def _proven() -> dict[str, str]:
    """By id of a rule, the tests that prove it: a table beside them, held by tests/house/test_rules.py."""
    with PROVEN.open(newline="", encoding="utf-8") as file:
        return {row["rule"]: row["tests"].replace(" ", ", ") for row in csv.DictReader(file)}


def _enforced(each: Rule, modules: Sequence[str]) -> str:
    some = ", ".join(modules[:MODULES])
    return f"{some} and {len(modules) - MODULES} more" if len(modules) > MODULES else some or each.kept


def _events() -> str:
    parts: list[str] = []
    for each in events_listed():
        fields = ", ".join(
            f"{field['name']}{'*' if field['required'] else ''}"
            f"{' (sealed ' + field['subject'] + ')' if field['sealed'] else ''}"
            for field in each["fields"]
        )
        who = ", ".join(each["who"]) if len(each["who"]) < 12 else "any staff"
        parts.append(
            f"### {each['event']} ({each['noun']})\n\n{each['meaning']}\n\n"
            f"- type `{each['type']}`, command {each['command'] or 'none: written by the ledger'}\n"
            f"- given by: {who}\n- rules: {', '.join(each['rules']) or 'general'}\n- fields: {fields}\n"
        )
    views = ", ".join(f"{view.name} ({view.noun})" for view in VIEWS)
    return _page(
        "Facts, commands and views",
        "A star marks what must be given; *sealed* values stand in the entry as commitments (O offender, C child, "
        "V victim, T third party, S staff, - free text). `ledger events` prints the same.\n\n"
        f"Views: {views}. Worklists: {', '.join(sorted(WORKLISTS))}.",
        "\n".join(parts),
    )


def _settings() -> str:
    environment = _table(("Variable", "Default", "Meaning"), Settings.documented())
    law = _table(
        ("Key", "Value", "Unit", "Source", "Rule"),
        [(each.key, each.value or "not set", each.unit, each.source, each.rule) for each in SETTINGS_OF_LAW.values()],
    )
    return _page(
        "Settings",
        "How the ledger runs is set in the environment. What the law and the protocols allow is a dated fact of the "
        "ledger, changed by ChangeSetting.",
        f"## In the environment\n\n{environment}\n\n## In the ledger\n\n{law}",
    )


def _problems() -> str:
    rows = [(f"/problems/{each['code']}", each["status"], each["title"], each["meaning"]) for each in errors_listed()]
    return _page(
        "Problems",
        "Every error is one shape, RFC 9457 `application/problem+json`; a code never changes its meaning.",
        _table(("Type", "Status", "Title", "Meaning"), rows),
    )


def _disclosing() -> str:
    def marks(classes: Iterable[FieldClass | EntryClass], of: type[FieldClass | EntryClass]) -> list[str]:
        held = set(classes)
        return ["yes" if each in held else "" for each in of]

    classes = _table(("Class", "What is in it"), [(each, MEANING[each]) for each in (*FieldClass, *EntryClass)])

    def read(role: str) -> list[str]:
        own, every = may_read(role, own=True), may_read(role, own=False)
        return ["yes" if each in every else "own cases" if each in own else "" for each in FieldClass]

    roles = _table(("Role", *FieldClass), [(role, *read(role)) for role in MAY_OPEN])
    purposes = _table(
        ("Purpose", "Meaning", "Asked for by", *FieldClass, "Withheld whole", "Source"),
        [
            (
                each.code,
                each.meaning,
                ", ".join(sorted(each.roles)),
                *marks(each.needs, FieldClass),
                ", ".join(sorted(each.withholds)) or "nothing",
                each.source,
            )
            for each in PURPOSES.values()
        ],
    )
    return _page(
        "Who is given what of a case",
        "A page, a search and an export open those sealed values that the reader's role may open; what it may not "
        "prints as `[sealed]`, and the states that follow from it are everybody's. An export opens of these what its "
        "purpose needs, and proves of the rest that it exists. Facts of four kinds are withheld whole from anyone but "
        "probation and the court. A case that is limited (DP-03) is closed to whoever is excluded from it, or is not "
        "among those it is restricted to, in every role; a list keeps a row without a name.",
        f"## Classes of values and of facts\n\n{classes}\n\n## What a role may open\n\n{roles}\n\n"
        f"## What a purpose needs\n\n{purposes}",
    )


def _readings() -> str:
    categories = _table(("Category", "What it is"), CATEGORIES.items())
    purposes = _table(
        ("Code", "What it is read for", "Where nobody says, that of", "The person is told"),
        [
            (each.code, each.meaning, ", ".join(sorted(each.of)) or "nobody", "yes" if each.told else "no")
            for each in READ_FOR.values()
        ],
    )
    return _page(
        "Who read what, and what for",
        "Whoever is shown something of a case is sealed in the access log before the answer leaves: who and in which "
        "role, which cases, which view, as at and as known when, and what for. The header `Ledger-Purpose` (at the "
        "command line `--purpose`) names a purpose; left out, it is that of the role. `Ledger-Reason`, "
        "percent-encoded, says why in the reader's own words, which are sealed under the key of the person the case "
        "is about. `GET /{collection}/{id}/readings` and `ledger readings` tell auditors who read a case; with "
        "`for=subject` they tell what the person it is about may know: when, in which role, and what for.",
        f"## Categories (Data Protection Act 2018, section 62)\n\n{categories}\n\n## Purposes\n\n{purposes}",
    )


def _page(title: str, lead: str, body: str) -> str:
    return f"# {title}\n\n{lead}\n\n{body.rstrip()}\n"


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(columns), line("---" for _ in columns), *(line(row) for row in rows)])


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
