"""What pages are drawn with: styles, scripts and pictures, from files that were fetched or are ours.

Proven by tests/web/test_assets.py.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from ledger.api.web.asking import Pages, guarded
from ledger.api.web.assets import OURS, STATIC
from ledger.errors import NotFound

TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_NAME: Final = re.compile(r"(images/)?[a-z0-9.-]{1,100}")
A_YEAR: Final = "public, max-age=31536000, immutable"  # the address has what the file holds in it


async def asset(request: Request) -> Response:
    """GET /assets/{name}"""
    name: str = request.path_params["name"]
    for folder in (OURS, STATIC) if _NAME.fullmatch(name) else ():
        file = (folder / name).resolve()
        if file.is_relative_to(folder.resolve()) and file.suffix in TYPES and file.is_file():
            headers = {"Cache-Control": A_YEAR, "X-Content-Type-Options": "nosniff"}
            return FileResponse(file, headers=headers, media_type=TYPES[file.suffix])
    raise NotFound("There is no such file.")


PAGES: Final[Pages] = (("/assets/{name:path}", "GET", guarded(asset)),)
