"""The document as one HTML page, readable without any script."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from typing import Any

from ledger.api.openapi.whole import document


@cache
def page() -> str:
    """The document as one HTML page, readable without any script."""
    rows = "".join(
        _row(path, method, each) for path, ways in document()["paths"].items() for method, each in ways.items()
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Case ledger: what it answers</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #0b0c0c }}
details {{ border-top: 1px solid #b1b4b6; padding: .5rem 0 }} summary {{ cursor: pointer }}
code, pre {{ font: .95em ui-monospace, monospace; background: #f3f2f1 }} pre {{ padding: .75rem; overflow-x: auto }}
summary:focus-visible, a:focus-visible {{ outline: 3px solid #0b0c0c; background: #fd0 }}
</style></head><body><main><h1>Case ledger: what it answers</h1>
<p>Commands, views and registries. Everything but /health, /info, /log and this page wants a bearer token
(<code>ledger token --role R --id I</code>). The same as data: <a href="/openapi.json">/openapi.json</a>.</p>
{rows}</main></body></html>"""


def _row(path: str, method: str, operation: dict[str, Any]) -> str:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    shown = ""
    if body:
        fields = "".join(
            f"<li><code>{escape(name)}</code>{' (required)' if name in body['schema'].get('required', ()) else ''}</li>"
            for name in body["schema"].get("properties", {})
        )
        shown = f"<p>Fields:</p><ul>{fields}</ul><pre>{escape(_pretty(body['example']))}</pre>"
    says = "".join(
        f"<p>{escape(part)}</p>" for part in operation.get("description", operation["summary"]).split("\n\n")
    )
    return f"<details><summary><code>{method.upper()} {escape(path)}</code></summary>{says}{shown}</details>"


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2)
