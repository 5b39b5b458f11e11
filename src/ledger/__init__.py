"""The case ledger: an event-sourced, audit-grade ledger of probation case events.

    ledger = await Ledger.open(Settings.from_environment())
    acknowledged = await ledger.execute(Command("RecordAbsence", "offender", offender_id, fields, actor, key))
    answer = await ledger.view("offender", offender_id, "enforcement", as_at=day)

The rooms, from the top: `cli` and `api` over `application` over `store` and `projections` over `aggregates` and
`privacy` over `rules`; `transparency` stands alone, so the names below are loaded when they are asked for: whoever
only verifies needs no database driver.  docs/ARCHITECTURE.md is the picture.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ledger.aggregates.shape import Actor
    from ledger.application import Ledger
    from ledger.commands import Acknowledged, Command
    from ledger.errors import LedgerError
    from ledger.settings import Settings

__all__ = ["Acknowledged", "Actor", "Command", "Ledger", "LedgerError", "Settings"]

_HOMES: Final = {
    "Acknowledged": "commands",
    "Actor": "aggregates.shape",
    "Command": "commands",
    "Ledger": "application",
    "LedgerError": "errors",
    "Settings": "settings",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ledger' has no attribute {name!r}")
    return getattr(import_module(f"ledger.{_HOMES[name]}"), name)
