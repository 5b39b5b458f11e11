"""The docs are true: generated pages are up to date, the README's commands are the real ones, everything is in them."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import ledger
from ledger.cli import parser
from ledger.pages import pages
from ledger.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


def test_the_generated_pages_are_what_the_registries_say() -> None:
    for name, text in pages().items():
        assert (ROOT / "docs" / name).read_text("utf-8") == text, f"run: .venv/bin/python -m ledger.pages ({name})"


def test_every_test_that_a_docstring_names_is_there() -> None:
    told = {
        (str(file.relative_to(ROOT)), name)
        for folder in ("src", "bench", "docs")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".md")
        for name in re.findall(r"\btests/[a-z0-9_/]+\.py\b", file.read_text("utf-8"))
    }
    assert len(told) > 200
    assert sorted(each for each in told if not (ROOT / each[1]).exists()) == []


def test_the_first_two_blocks_of_the_readme_are_the_two_commands() -> None:
    assert [block.strip() for block in BLOCKS[:2]] == ["python3 start.py demo", "python3 start.py test"]


def test_ci_ends_in_the_second_block_and_before_it_has_the_browser_that_the_readme_speaks_of() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    *before, last = [line for line in script.splitlines() if line and not line.startswith(("#", "set ", "cd "))]
    assert shlex.split(last.removeprefix("exec ")) == shlex.split(BLOCKS[1].strip())
    assert set(re.findall(r"install .*?([a-z]+); }", " ".join(before))) == {"chromium"}
    assert "`.ci/run` installs it first" in " ".join(README.split())


def test_every_verb_of_the_command_line_is_in_the_readme() -> None:
    verbs = next(action.choices for action in parser()._actions if action.dest != "help" and action.choices)
    for verb in verbs:
        assert f"`ledger {verb}" in README, verb


def test_every_dependency_has_its_reason_in_the_readme() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    named = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    table = README.partition("## What it stands on")[2].lower()
    for requirement in named:
        name = re.split(r"[\[>=<~ ]", requirement)[0].lower()
        assert name in table, name


def test_every_setting_of_the_environment_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    for name, _, meaning in Settings.documented():
        assert name in page
        assert meaning in page


def test_the_front_door_is_sorted_and_opens() -> None:
    assert list(ledger.__all__) == sorted(ledger.__all__)
    for name in ledger.__all__:
        assert getattr(ledger, name)


def test_every_module_says_what_it_is() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        assert path.read_text("utf-8").lstrip().startswith(('"""', 'r"""')), path


def test_every_decision_record_is_dated_and_says_what_was_rejected() -> None:
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        text = path.read_text("utf-8")
        assert re.search(r"^[A-Z][a-z]+ 20\d\d\. Accepted\.$", text, re.MULTILINE), path
        assert "Rejected:" in text, path
