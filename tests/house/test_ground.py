"""The ground the house stands on: the one command that sets it up, the lock, the settings."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

from ledger.settings import Settings, SettingsError

ROOT = Path(__file__).resolve().parents[2]
START = ROOT / "start.py"
TEST_COMMAND = "python3 start.py test"


def load_start() -> ModuleType:
    spec = importlib.util.spec_from_file_location("start", START)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """start.py as it would stand in a fresh checkout in a folder with a space."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = load_start()
    root = tmp_path / "a checkout"
    root.mkdir()
    for name in ("requirements.lock", "pyproject.toml", "src/ledger/api/web/assets.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes((ROOT / name).read_bytes())
    venv = root / ".venv"
    for name, value in {"ROOT": root, "VENV": venv, "BIN": venv / "bin", "STAMP": venv / "made-from"}.items():
        monkeypatch.setattr(module, name, value)
    return module


@pytest.fixture
def steps(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What set_up would do, written down instead of done; making the environment makes its Python."""
    done: list[str] = []

    def make_venv(command: list[str], **_: object) -> int:
        done.append(command[2] if "venv" in command else command[1])
        start.BIN.mkdir(parents=True, exist_ok=True)
        (start.BIN / "python").unlink(missing_ok=True)
        (start.BIN / "python").symlink_to(sys.executable)
        return 0

    monkeypatch.setattr(start.subprocess, "call", make_venv)
    monkeypatch.setattr(start, "pip_install", lambda *args: done.append(args[-1]))
    return done


# --- the one command -------------------------------------------------------------------------------------------


def test_the_first_run_makes_everything_and_the_second_does_nothing(start: ModuleType, steps: list[str]) -> None:
    start.set_up()
    assert steps == ["venv", "requirements.lock", ".", "src/ledger/api/web/assets.py"]
    start.set_up()
    assert len(steps) == 4


def test_another_lock_means_another_environment(start: ModuleType, steps: list[str]) -> None:
    start.set_up()
    with (start.ROOT / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    start.set_up()
    assert steps[4:] == ["venv", "requirements.lock", ".", "src/ledger/api/web/assets.py"]


def test_another_pyproject_installs_only_the_ledger_itself_again(start: ModuleType, steps: list[str]) -> None:
    start.set_up()
    with (start.ROOT / "pyproject.toml").open("a") as project:
        project.write("# changed\n")
    start.set_up()
    assert steps[4:] == [".", "src/ledger/api/web/assets.py"]


@pytest.mark.parametrize("interrupted_at", ["requirements.lock", "."])
def test_an_interrupted_set_up_is_begun_anew(
    start: ModuleType, steps: list[str], monkeypatch: pytest.MonkeyPatch, interrupted_at: str
) -> None:
    whole = start.pip_install

    def interrupted(*args: str) -> None:
        if args[-1] == interrupted_at:
            raise KeyboardInterrupt
        whole(*args)

    monkeypatch.setattr(start, "pip_install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start.set_up()
    steps.clear()
    monkeypatch.setattr(start, "pip_install", whole)
    start.set_up()
    assert steps == ["venv", "requirements.lock", ".", "src/ledger/api/web/assets.py"]


def test_an_environment_whose_python_is_gone_is_made_anew(start: ModuleType, steps: list[str]) -> None:
    start.set_up()
    (start.BIN / "python").unlink()
    (start.BIN / "python").symlink_to("/nowhere/python")
    steps.clear()
    start.set_up()
    assert steps == ["venv", "requirements.lock", ".", "src/ledger/api/web/assets.py"]


def test_the_checks_stop_at_the_first_failure_and_keep_its_exit_code(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[str] = []

    def call(command: list[str], **_: object) -> int:
        run.append(Path(command[0]).name)
        return 3 if run[-1] == "basedpyright" else 0

    monkeypatch.setattr(start.subprocess, "call", call)
    assert start.test([]) == 3
    assert run == ["ruff", "ruff", "basedpyright"]


def test_further_arguments_go_to_pytest(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(start.subprocess, "call", lambda command, **_: commands.append(command[1:]) or 0)
    assert start.test(["-k", "erasure"]) == 0
    assert commands[-1][-2:] == ["-k", "erasure"]


def test_a_python_too_old_is_told_so_with_the_way_out(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit, match=r"needs 3\.11 or newer(.|\n)*for example"):
        start.require_python()


def test_a_python_without_ensurepip_is_told_what_to_install(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        start.require_python()


def test_start_py_needs_only_the_standard_library_and_is_readable_by_an_old_python() -> None:
    tree = ast.parse(START.read_text(), feature_version=(3, 7))
    imported = {name.split(".")[0] for name in imported_names(tree)}
    assert imported <= sys.stdlib_module_names


def imported_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_without_a_verb_it_says_what_there_is() -> None:
    ended = subprocess.run([sys.executable, START], capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert TEST_COMMAND in ended.stderr


def test_ci_ends_in_the_test_command_and_nothing_else_of_ours() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    commands = [line for line in script.read_text().splitlines() if line and not line.startswith(("#", "set ", "cd "))]
    assert commands[-1] == f"exec {TEST_COMMAND}"
    assert not any("start.py" in line or ".venv" in line for line in commands[:-1])


# --- the lock --------------------------------------------------------------------------------------------------


def locked() -> dict[str, tuple[str, int]]:
    """Every package of the lock: its version and how many hashes it has."""
    found: dict[str, tuple[str, int]] = {}
    for block in re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements.lock").read_text()):
        if match := re.match(r"([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)", block):
            found[match[1]] = (match[2], block.count("--hash=sha256:"))
    return found


def wanted() -> Iterator[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for text in (
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ):
        yield Requirement(text)


def test_the_lock_holds_all_that_the_project_asks_for_in_a_version_that_will_do() -> None:
    lock = locked()
    for each in wanted():
        name = re.sub(r"[-_.]+", "-", each.name).lower()
        assert name in lock, f"{name} is not locked: make the lock anew (its first lines say how)"
        assert each.specifier.contains(lock[name][0]), f"{name} {lock[name][0]} is not {each.specifier}"


def test_every_package_in_the_lock_has_its_hashes() -> None:
    lock = locked()
    assert len(lock) > 40
    assert [name for name, (_, hashes) in lock.items() if not hashes] == []


def test_the_lock_names_no_index_no_host_and_no_folder() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"://|^--|^-[ief]|\s/\w|@ ", text, re.MULTILINE)


# --- the settings ----------------------------------------------------------------------------------------------


def test_without_any_variable_everything_has_a_default() -> None:
    settings = Settings.from_environment({})
    assert settings.home == Path(".ledger")
    assert settings.database_url is settings.vault_url is settings.migration_url is settings.origin is None
    assert (settings.listen_host, settings.listen_port) == ("127.0.0.1", 8000)
    assert settings.command_deadline == 10


def test_each_setting_is_read_from_its_variable() -> None:
    settings = Settings.from_environment(
        {
            "LEDGER_HOME": "/var/ledger",
            "LEDGER_DATABASE_URL": "postgresql://app:a@db/ledger",
            "LEDGER_OWNER_URL": "postgresql://owner:b@db/ledger",
            "LEDGER_VAULT_URL": "postgres://vault:c@other/vault",
            "LEDGER_ORIGIN": "example.org/ledger",
            "LEDGER_LISTEN": "[::1]:9000",
            "LEDGER_LOG_LEVEL": "debug",
            "LEDGER_COMMAND_DEADLINE": "2.5",
            "PATH": "/bin",
        }
    )
    assert settings.home == Path("/var/ledger")
    assert settings.migration_url == "postgresql://owner:b@db/ledger"
    assert (settings.listen_host, settings.listen_port) == ("::1", 9000)
    assert settings.command_deadline == 2.5


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_environment({"LEDGER_VAULT_URL": ""}).vault_url is None


def test_an_unknown_variable_is_an_error_that_names_the_nearest_known_one() -> None:
    with pytest.raises(SettingsError, match="no setting LEDGER_DATABSE_URL; the nearest is LEDGER_DATABASE_URL"):
        Settings.from_environment({"LEDGER_DATABSE_URL": "postgresql://x/y"})


@pytest.mark.parametrize(
    "name, value",
    [
        ("LEDGER_DATABASE_URL", "mysql://app:secret@db/ledger"),
        ("LEDGER_LISTEN", "8000"),
        ("LEDGER_LISTEN", "localhost:99999"),
        ("LEDGER_ORIGIN", "two words"),
        ("LEDGER_LOG_LEVEL", "loud"),
        ("LEDGER_COMMAND_DEADLINE", "nan"),
        ("LEDGER_COMMAND_DEADLINE", "0"),
    ],
)
def test_a_value_without_sense_is_refused_by_name_and_never_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        Settings.from_environment({name: value})
    assert "secret" not in str(caught.value)


def test_no_password_stands_in_the_settings_when_they_are_printed() -> None:
    settings = Settings.from_environment(
        {f"LEDGER_{name}_URL": "postgresql://app:secret@db/x" for name in ("DATABASE", "OWNER", "VAULT")}
    )
    assert "secret" not in repr(settings)
    assert "secret" not in str(settings)


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    documented = list(Settings.documented())
    assert [name for name, _, _ in documented] == [f"LEDGER_{name.upper()}" for name in Settings.model_fields]
    assert all(meaning.endswith(".") for _, _, meaning in documented)
    assert ("LEDGER_HOME", ".ledger") in [(name, default) for name, default, _ in documented]


def test_the_environment_is_read_in_the_settings_and_nowhere_else() -> None:
    readers = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"\b(environb?|getenvb?)\b", path.read_text())
    }
    assert readers == {"ledger/settings.py"}
