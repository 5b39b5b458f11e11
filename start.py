#!/usr/bin/env python3
"""Make what is missing, then run it: `python3 start.py demo`, `python3 start.py test`, `python3 start.py setup`.

Needs only Python 3.11 or newer, with its standard library. The first run makes the virtual environment `.venv`
beside this file from requirements.lock, every package checked by its hash; later runs touch no network.
Further arguments go to `ledger demo` or to pytest.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
# What `.venv` was made from. Written last, removed first: without it nothing is taken for whole.
STAMP = VENV / "made-from"
# What fetches the look of the pages; it needs nothing but the standard library.
PAGES = "src/ledger/api/web/assets.py"
CHECKS = (
    ("style", "ruff", "check"),
    ("format", "ruff", "format", "--check"),
    ("types", "basedpyright"),
    ("contracts", "lint-imports", "--no-logo"),
)
# Two files of tests at a time, each with servers of its own: half of the time they wait for a server.
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")  # or the longest would be the last
# Settings of the caller's Python that would leak into ours.
ENV = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET")}


def say(text):
    print(text, file=sys.stderr, flush=True)


def require_python():
    """Stop, and say how to mend it, where this Python cannot make the environment."""
    if sys.version_info < (3, 11):  # noqa: UP036 - it is the one file that an older Python may read
        sys.exit(
            f"This is Python {sys.version.split()[0]}; the ledger needs 3.11 or newer.\n"
            "Install a newer one and name it, for example: python3.12 start.py demo"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        sys.exit(
            f"Python's own module '{error.name}' is missing: some systems package it apart.\n"
            "Debian and Ubuntu: sudo apt install python3-venv. Then run the same command again."
        )


def digest(*parts):
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def fingerprints():
    """What the packages depend on, the project's own installation, and the look of the pages."""
    # An environment cannot be moved, and its packages fit one Python only.
    python = f"{sys.implementation.cache_tag} {ROOT}"
    packages = digest(python.encode(), (ROOT / "requirements.lock").read_bytes())
    return packages, digest((ROOT / "pyproject.toml").read_bytes()), digest((ROOT / PAGES).read_bytes())


def pip_install(*args):
    """Run pip in `.venv`, telling how far it is; what it complains of goes straight to the screen."""
    command = [str(BIN / "python"), "-m", "pip", "--disable-pip-version-check", "install", *args]
    done = 0
    with subprocess.Popen(command, cwd=ROOT, env=ENV, stdout=subprocess.PIPE, text=True) as pip:
        for line in pip.stdout:
            if line.startswith(("Collecting ", "Processing ")):
                done += 1
                if done % 10 == 0:
                    say(f"    {done} packages")
            elif line.startswith("Installing ") and done:
                say(f"    all {done} fetched; unpacking")
    if pip.returncode:
        sys.exit(
            "pip could not do it: its reason stands above. The first run needs the network (or a mirror named in\n"
            "pip's own settings) and CPython 3.11 to 3.14 on Linux or macOS. Then run the same command again."
        )


def set_up():
    """Bring `.venv` to what requirements.lock and pyproject.toml say; nothing to do when it is there already."""
    packages, project, pages = fingerprints()
    made_from = STAMP.read_text().split() if os.access(BIN / "python", os.X_OK) and STAMP.exists() else []
    if made_from == [packages, project, pages]:
        return
    require_python()
    STAMP.unlink(missing_ok=True)
    if made_from[:1] != [packages]:
        say("Setting up, the first time only: a minute or two.")
        say("  1 of 4  the virtual environment .venv")
        # Not from inside the environment that is about to be cleared, should this file be run by it.
        python = getattr(sys, "_base_executable", sys.executable)
        if subprocess.call([python, "-m", "venv", "--clear", str(VENV)], env=ENV):
            sys.exit(f"Could not make {VENV}: the reason stands above.")
        say("  2 of 4  the packages of requirements.lock, each checked by its hash (about 200 MB)")
        pip_install("--require-hashes", "--only-binary=:all:", "--requirement", "requirements.lock")
    say("  3 of 4  the ledger itself")
    pip_install("--no-index", "--no-deps", "--no-build-isolation", "--editable", ".")
    say("  4 of 4  the look of its pages, each package checked by its digest (2 MB)")
    mirror = [ENV["NPM_CONFIG_REGISTRY"]] if ENV.get("NPM_CONFIG_REGISTRY") else []
    if subprocess.call([str(BIN / "python"), PAGES, *mirror], cwd=ROOT, env=ENV):
        sys.exit("Its reason stands above. Then run the same command again.")
    STAMP.write_text(f"{packages}\n{project}\n{pages}\n")
    say("  ready: the command line is .venv/bin/ledger")


def test(args):
    """Style, types, contracts, tests; the first to fail ends it with its exit code."""
    for name, tool, *options in (*CHECKS, ("tests", "pytest", *SIDE_BY_SIDE, *args)):
        say(f"== {name}")
        code = subprocess.call([str(BIN / tool), *options], env=ENV)
        if code:
            say(f"== {name} failed (exit code {code})")
            return code
    return 0


def main():
    verb, args = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if verb not in ("demo", "test", "setup"):
        sys.exit(__doc__)
    os.chdir(ROOT)
    # One set-up at a time; the lock on the folder ends with this process or with exec.
    here = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(here, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another set-up is under way here; waiting for it to end.")
        fcntl.flock(here, fcntl.LOCK_EX)
    set_up()
    fcntl.flock(here, fcntl.LOCK_UN)
    if verb == "demo":
        os.execve(BIN / "ledger", ["ledger", "demo", *args], ENV)
    sys.exit(test(args) if verb == "test" else 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. Run the same command again: it goes on, or begins anew, as needed.")
