"""index.html of a bundle: one page that opens from a disk, shows the chronology and checks the case by itself.

Everything is in it, so a browser needs no network and no permission to read other files: style and script, which a
policy of content names by their hashes so that nothing else runs or is fetched, and the files that prove the case, as
data.  The script shows nothing that it has not hashed, and every text of anybody's is set as text.

What it says it knows: *consistent under the key in this file* until its reader has entered the key that he was given;
then *verified* or *not this ledger's*; *not verified*, and where, if anything does not hold.  A key that signs no more
is followed through the announcements of the log.  It cannot check the manifest, its receipt and what is printed, for
they name the page itself; and it says that a forged page can lie.

Proven by tests/disclosing/test_page.py, in a browser.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files as resources
from typing import Final

from ledger.transparency.bundle import contents

_SHOWN: Final = (contents.CHECKPOINT, contents.POLICY, contents.CHAIN, contents.HEADS, contents.OPENINGS)
_FOLDERS: Final = ("entries/", "proofs/", "announcements/")


def page(files: Mapping[str, bytes]) -> bytes:
    """The page for these files of a bundle; those it does not check are left out."""
    texts = {name: data.decode() for name, data in files.items() if name in _SHOWN or name.startswith(_FOLDERS)}
    # Within a script element only "<" could end it; in JSON it may always be written so.
    data = json.dumps(texts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).replace("<", "\\u003c")
    before, after = _around()
    return f"{before}{data}{after}".encode()


@cache
def _around() -> tuple[str, str]:
    """The page before and after its data."""
    text, style, script = (resources(__name__).joinpath(f"page.{each}").read_text("utf-8") for each in _PARTS)
    allowed = (
        f"default-src 'none'; script-src 'sha256-{_digest(script)}'; style-src 'sha256-{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    for name, part in (("POLICY", allowed), ("STYLE", style), ("SCRIPT", script)):
        text = text.replace(f"@{name}@", part)
    before, _, after = text.partition("@DATA@")
    return before, after


_PARTS: Final = ("html", "css", "js")


def _digest(text: str) -> str:
    return base64.b64encode(sha256(text.encode()).digest()).decode()
