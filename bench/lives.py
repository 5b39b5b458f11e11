"""Random histories of one order, recounted by somebody slow, for as long as you like.

    python -m bench.lives [--seconds 60] [--seed N]

Each history is drawn from every act of enforcement, progress and the court; a command that a rule refuses is left out,
as in life.  On random days the view is compared with a walk over the calendar (every status, what is spent, the tally),
and the stored schedule of each worklist with what the worklist itself answers.  Exit 1 with the seed of the first
history that comes out otherwise.  Some of the same are tests: tests/projections/test_histories.py, test_schedule.py.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import time
from collections import Counter

from tests.aggregates.test_editions import ACTS, MORE_ACTS, SENTENCE, told
from tests.projections.slow_enforcement import DAY
from tests.projections.test_histories import ENFORCING, as_the_desk_has_it, desk_of, drawn, history_of
from tests.projections.test_schedule import holds_on_every_day

from bench.measuring import out
from ledger.aggregates import AGGREGATES

DAYS = 8  # on which a history is looked at


def one(seed: int, counted: Counter[str]) -> None:
    """One history.  Raises AssertionError where it does not come out as somebody slow has it."""
    pick = random.Random(seed)
    enforcing = told(drawn(pick), "CO")
    desk = desk_of(enforcing)
    for as_at in (SENTENCE + pick.randint(0, 700) * DAY for _ in range(DAYS)):
        assert as_the_desk_has_it(enforcing, as_at) == desk.on(as_at), f"on {as_at}"
        counted["days compared"] += 1
    whole = told(drawn(pick, ENFORCING + ACTS + MORE_ACTS), pick.choice(["CO", "SSO"]))
    stream = f"offender-{whole.names.id('ann')}"
    history = whole.ledger.history(stream, opens=AGGREGATES["offender"].opens)
    policy, known = whole.ledger.policy(), len(whole.ledger.records)
    counted["rows compared"] += holds_on_every_day(stream, history, policy, known, pick)
    counted["histories"] += 2
    counted["facts"] += len(history_of(enforcing)) + len(history)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    given = parser.parse_args()
    began, seed, counted = time.monotonic(), given.seed, Counter[str]()
    out.print(f"seed {seed}")
    while time.monotonic() - began < given.seconds:
        try:
            one(seed, counted)
        except Exception as wrong:
            out.print(f"seed {seed}: {type(wrong).__name__}: {str(wrong)[:2000]}", markup=False, soft_wrap=True)
            return 1
        seed += 1
    told_of = ", ".join(f"{number:,} {what}" for what, number in counted.items())
    out.print(f"{told_of} in {time.monotonic() - began:.0f} s: all as somebody slow has them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
