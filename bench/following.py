"""Worklists followed through whatever happens, for as long as you like: the state machine of the tests, let run.

    python -m bench.following [--lives 200] [--steps 40]

Each life is a new ledger that is told things at random while followers are cut short, lose their connections, run two
at once, cannot fold some case for a while, and worklists are rebuilt, interrupted, beside all of that. Whenever a
follower has caught up, the tables are compared with what the slow way says (tests/following/world.py). Exit 1, with the
shortest story that fails, if they ever differ. A few lives are a test: tests/following/test_machine.py.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.conftest import Clusters
from tests.following.test_machine import run

from bench.measuring import out
from ledger.store.embedded import EmbeddedCluster
from ledger.store.migrate import migrate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lives", type=int, default=200)
    parser.add_argument("--steps", type=int, default=40)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    clusters = Clusters(*(EmbeddedCluster(folder, name, throwaway=True) for name in ("ledger", "vault")))
    began = time.monotonic()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for cluster, which in ((clusters.ledger, "ledger"), (clusters.vault, "vault")):
            stack.callback(cluster.remove)
            cluster.ensure_running()
            cluster.create_database(f"{which}_template")
            migrate(cluster.conninfo(cluster.owner_role, f"{which}_template"), which)
        run(clusters, given.lives, given.steps)
    out.print(f"{given.lives} lives of at most {given.steps} steps in {time.monotonic() - began:.0f} s: no difference.")


if __name__ == "__main__":
    main()
