"""The API under requests made from its own document, as many as one likes: `python -m bench.fuzz --examples 100`.

Each operation gets so many in each of the roles that may ask it, drawn from the seed; what is answered otherwise than
the document says is told, and is the exit code.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.api.fuzzing import ROLES, fuzzed


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--examples", type=int, default=100)
    given.add_argument("--seed", type=int, default=1)
    asked = given.parse_args()
    with fuzzed() as fuzzing:
        for role in ROLES:
            began = time.monotonic()
            fuzzing.run(role, asked.examples, asked.seed)
            came = {status: many for (each, status), many in sorted(fuzzing.came.items()) if each == role}
            print(f"{role}: {came} in {time.monotonic() - began:.0f} s", flush=True)
        for found in fuzzing.findings.values():
            print(found)
    return 1 if fuzzing.findings else 0


if __name__ == "__main__":
    sys.exit(main())
