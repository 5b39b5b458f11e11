"""Two commands racing on two servers of one ledger, for as many rounds as you like.

    python -m bench.races [--rounds 1000] [--seed N] [--only WORDS]

Every race of tests/journeys/races.py, so many heats of each: to one server or to two, within a few milliseconds. Who
won is counted ("=x": the first was recorded, the second refused). Exit 1 if a rule did not hold once.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.journeys.process import run
from tests.journeys.races import RACES
from tests.journeys.racing import two_servers

from bench.measuring import out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000, help="of each race")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--only", default="", help="races with these words in their name")
    given = parser.parse_args()
    out.print(f"seed {given.seed}")
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    found: list[str] = []
    with two_servers(folder / "home", given.seed) as track:
        for name in (each for each in RACES if given.only in each):
            began = time.monotonic()
            wrong = asyncio.run(track.run(name, RACES[name], given.rounds))
            found += wrong
            told = ", ".join(f"{who} {many}" for who, many in sorted(track.won[name].items()))
            out.print(f"{name}: {given.rounds} rounds in {time.monotonic() - began:.0f} s: {told}; {len(wrong)} wrong")
    verified = run(folder / "home", "verify", limit=600)
    out.print(verified.stdout.strip(), markup=False, highlight=False)
    out.print(*found[:20], sep="\n", markup=False, highlight=False)
    shutil.rmtree(folder)
    return 1 if found or verified.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
