"""Clients at work while a real `ledger serve` and its databases are killed, for as long as you like.

    python -m bench.soak [--rounds 60] [--seed N] [--seconds 2] [--clients 8] [--only WORDS]

Each round ends somebody with SIGKILL, at a named place in the code or at a random moment: the process, the server of
the ledger or the vault with all its backends, two of them, or the same one again while it comes back. At the end of
each, everything that was ever acknowledged is compared with the log, every checkpoint that was ever seen with the
leaves, and every request is sent again; at the end of all, `ledger verify --values`. Exit 1 if anything is not as it
was said. A few of the same rounds are a test: tests/journeys/test_kill.py.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.journeys.killing import FAULTS, Ordeal, drawn
from tests.journeys.process import ended

from bench.measuring import out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--seconds", type=float, default=2.0, help="of load in a round, beside the recovery")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--only", default="", help="faults with these words in their name")
    given = parser.parse_args()
    out.print(f"seed {given.seed}")
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    ordeal = Ordeal(folder / "home", given.seed, lambda said: out.print(said, soft_wrap=True), given.clients)
    faults = drawn(ordeal.random, given.rounds, [each for each in FAULTS if given.only in str(each)])
    began = time.monotonic()
    with ended(ordeal.process):
        found = ordeal.go(faults, given.seconds)
        if found:
            out.print(*found[:20], ordeal.process.output[-3000:], sep="\n", markup=False, highlight=False)
            out.print(f"{len(found)} findings; the home is left in {folder}")
            return 1
    shutil.rmtree(folder)
    told = [f"{sum(each.acknowledged for each in ordeal.rounds):,} acknowledged, all of them there, once"]
    told.append(f"{sum(each.unknown for each in ordeal.rounds):,} of them after an unknown outcome")
    told.append(f"{len(ordeal.journal.shown):,} checkpoints, one history")
    told.append(f"longest silence {max(each.silent for each in ordeal.rounds):.1f} s")
    out.print(f"{len(ordeal.rounds)} rounds in {time.monotonic() - began:.0f} s: {'; '.join(told)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
