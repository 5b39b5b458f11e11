"""What the last full verification came to: `ledger verify` keeps it in the home, so that it can be shown with its age.

    keep(home, Verified(now, ledger, access_log))
    newest(home)                                    None where there was none; raises NotARecord

It is the operator's own record and proves nothing: whoever doubts it runs `ledger verify`.  Nothing in it names
anybody: sizes, roots, and findings by position.  Proven by tests/test_cli.py and tests/web/test_audit.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

import orjson

from ledger.store.checkpoint_files import write_synced
from ledger.transparency.verify import Report

FILE: Final = "verification.json"
MOST: Final = 10  # findings that are kept of each log; all are counted


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one log: how many facts were read again, the root (hex) they make, and what did not hold."""

    size: int
    root: str
    found: int
    findings: Sequence[str]
    says: str

    @property
    def ok(self) -> bool:
        """Whether everything held."""
        return not self.found

    @classmethod
    def of(cls, report: Report) -> Outcome:
        """What a report says of its log."""
        findings = [str(each) for each in report.findings[:MOST]]
        return cls(report.size, report.root.hex(), report.found, findings, report.summary())


@dataclass(frozen=True, slots=True)
class Verified:
    """A full verification: when it ended, of both logs; `values`: how many sealed values were opened (None: none were
    asked for)."""

    at: datetime
    ledger: Outcome
    access_log: Outcome
    values: int | None = None

    @property
    def ok(self) -> bool:
        """Whether everything held in both."""
        return self.ledger.ok and self.access_log.ok


def keep(home: Path, verified: Verified) -> None:
    """Keep it in place of the one before.  Raises OSError."""
    write_synced(home / FILE, orjson.dumps(asdict(verified), option=orjson.OPT_INDENT_2).decode())


class NotARecord(Exception):
    """What lies there is not what `keep` writes: somebody has changed it, or it is cut off."""


def newest(home: Path) -> Verified | None:
    """The last one that was kept; None where there is none.  Raises NotARecord."""
    try:
        kept: Any = orjson.loads((home / FILE).read_bytes())
        return _verified(kept)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise NotARecord(FILE) from wrong


def _verified(kept: Any) -> Verified:
    at = datetime.fromisoformat(kept["at"])
    ledger, access_log = (_outcome(**kept[name]) for name in ("ledger", "access_log"))
    values = kept["values"]
    if at.tzinfo is None or not (values is None or _counts(values)):
        raise ValueError("not a record of a verification")
    return Verified(at, ledger, access_log, values)


def _outcome(size: Any, root: Any, found: Any, findings: Any, says: Any) -> Outcome:
    bytes.fromhex(root)
    if not (_counts(size) and _counts(found) and isinstance(says, str) and isinstance(findings, list)):
        raise ValueError("not an outcome")
    return Outcome(size, root, found, [str(each) for each in cast("list[Any]", findings)], says)


def _counts(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
