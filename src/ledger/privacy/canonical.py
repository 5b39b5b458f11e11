"""RFC 8785 canonical JSON for what the ledger holds: no floats, ASCII member names.

For such values orjson with sorted keys gives the canonical bytes, many times faster than a general encoder; proven on
random values by tests/privacy/test_canonical.py against the `rfc8785` package.

    >>> canonical({"b": "é", "a": [1, True, None]})
    b'{"a":[1,true,null],"b":"\\xc3\\xa9"}'
"""

from __future__ import annotations

from typing import Any, Final

import orjson

# A date is no JSON value: whoever writes one has said how.
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER | orjson.OPT_PASSTHROUGH_DATETIME


def canonical(value: Any) -> bytes:
    """The bytes that are hashed.  Raises TypeError for what JSON, or this ledger, does not know."""
    return orjson.dumps(value, option=_OPTIONS)
