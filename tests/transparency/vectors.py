"""Public test vectors, read where they lie and never copied: a folder named by LEDGER_VECTORS.

The folder holds ``transparency-dev-merkle/testdata`` of github.com/transparency-dev/merkle. Without the
variable, ``../shared/vectors`` beside the repository is tried; without either, the tests that need them skip.
"""

import os
from pathlib import Path

import pytest

_BESIDE_THE_REPOSITORY = Path(__file__).parents[3] / "shared" / "vectors"


def merkle_vectors(kind: str) -> list[Path]:
    """Every JSON file of this kind (inclusion, consistency); empty where there are no vectors."""
    folder = Path(os.environ.get("LEDGER_VECTORS") or _BESIDE_THE_REPOSITORY)
    return sorted((folder / "transparency-dev-merkle" / "testdata" / kind).rglob("*.json"))


def merkle_params(kind: str) -> list[object]:
    """The files as parameters with readable ids, or one parameter that skips and says why."""
    found = merkle_vectors(kind)
    if not found:
        skip = pytest.mark.skip(reason="no public vectors here: set LEDGER_VECTORS to their folder")
        return [pytest.param(None, marks=skip)]
    return [pytest.param(file, id=f"{file.parent.name}-{file.stem}") for file in found]
