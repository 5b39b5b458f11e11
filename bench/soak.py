"""Clients at work while a real `ledger serve` and its databases are killed, for as long as you like.

    python -m bench.soak [--rounds 10] [--seed N] [--seconds 4] [--clients 8]

Each round kills something with SIGKILL at a random moment: the process, the server of the ledger or the vault, two of
them, or the process again while it starts. At the end of each, everything that was ever acknowledged is compared with
the log, and every request is sent again; at the end of all, `ledger verify`. Exit 1 if anything is not as it was said.
The same rounds, three of them, are a test: tests/journeys/test_kill.py.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.journeys.killing import ALL_KINDS, Ordeal
from tests.journeys.process import ended

from bench.measuring import out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--seconds", type=float, default=4.0, help="of load in a round, beside the recovery")
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    out.print(f"seed {given.seed}")
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    ordeal = Ordeal(folder / "home", given.seed, out.print, given.clients)
    kinds: list[str] = []
    while len(kinds) < given.rounds:  # each kind once before any comes again
        kinds += ordeal.random.sample(ALL_KINDS, len(ALL_KINDS))
    with ended(ordeal.process):
        found = ordeal.go(kinds[: given.rounds], given.seconds)
        if found:
            out.print(*found[:20], ordeal.process.output[-3000:], sep="\n", markup=False, highlight=False)
            out.print(f"{len(found)} findings; the home is left in {folder}")
            return 1
    shutil.rmtree(folder)
    out.print(f"{sum(each.acknowledged for each in ordeal.rounds):,} acknowledged, all of them there, once.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
