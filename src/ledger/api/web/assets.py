"""The look of the pages: GOV.UK Frontend and the Ministry of Justice's, fetched when the ledger is set up.

    python src/ledger/api/web/assets.py [REGISTRY]     fetch what is missing, each package checked by its digest

What is fetched lies in `static/` beside this file, goes into the wheel and is not committed.  The registry is npm's own
or a mirror of it (start.py hands on the variable NPM_CONFIG_REGISTRY).  Only the files of WANTED are taken out of an
archive, by name.  The typeface GDS Transport and the Crown are for gov.uk alone: the styles
are written down with the system's own fonts instead, and no such file is taken.

Proven by tests/web/test_assets.py.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import re
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"
OURS: Final = Path(__file__).parent / "own"  # what is ours, and committed
REGISTRY: Final = "https://registry.npmjs.org"
TRIES: Final = 4
TIMEOUT_SECONDS: Final = 60
LARGEST: Final = 20_000_000  # bytes of an archive
FONTS: Final = "system-ui,-apple-system,Segoe UI,Roboto,Helvetica Neue,arial,sans-serif"


class NotFetched(Exception):
    """A package could not be had, or is not the one that was meant; the message says why."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package of the npm registry: `digest` is the SHA-512 of its archive, `wanted` maps files of it to ours."""

    name: str
    version: str
    digest: str
    wanted: Mapping[str, str]

    def address(self, registry: str) -> str:
        return f"{registry.rstrip('/')}/{self.name}/-/{self.name.rpartition('/')[2]}-{self.version}.tgz"


WANTED: Final = (
    Package(
        "govuk-frontend",
        "6.3.0",
        "717210c66e4f1c2b1b89ce3b19766b54166101e7ac8532d12fa6412a294bb11e"
        "ab3028c9b966fb16bbaad1550d30124594993fb2bb118ffabc7796ccf5c80aa0",
        {
            "package/dist/govuk/govuk-frontend.min.css": "govuk-frontend.css",
            "package/dist/govuk/govuk-frontend.min.js": "govuk-frontend.js",
        },
    ),
    Package(
        "@ministryofjustice/frontend",
        "11.1.0",
        "d5b9146e6d8ce03a5ca57fe93a6ba641106c6c9728f56d91c2626fe61fd90bf6"
        "6aac03a7dbf163a45f80eef4b482cee8317062cebf4ee61b83ad261b2f1ef737",
        {
            "package/moj/moj-frontend.min.css": "moj-frontend.css",
            "package/moj/moj-frontend.min.js": "moj-frontend.js",
            "package/moj/assets/images/icon-toggle-plus-minus.svg": "images/icon-toggle-plus-minus.svg",
            "package/moj/assets/images/icon-tag-remove-cross.svg": "images/icon-tag-remove-cross.svg",
            "package/moj/assets/images/icon-tag-remove-cross-white.svg": "images/icon-tag-remove-cross-white.svg",
            "package/moj/assets/images/icon-progress-tick.svg": "images/icon-progress-tick.svg",
            "package/moj/assets/images/icon-close-cross-black.svg": "images/icon-close-cross-black.svg",
            "package/moj/assets/images/icon-document.svg": "images/icon-document.svg",
        },
    ),
)


def missing(folder: Path = STATIC, wanted: Sequence[Package] = WANTED) -> list[Package]:
    """The packages that are not there in this version, or not whole."""
    return [each for each in wanted if not _is_there(each, folder)]


def fetch(
    folder: Path = STATIC,
    registry: str = REGISTRY,
    told: Callable[[str], object] = lambda text: None,
    wanted: Sequence[Package] = WANTED,
) -> None:
    """Fetch what is missing.  Raises NotFetched, and leaves what was there before."""
    for package in missing(folder, wanted):
        told(f"{package.name} {package.version}")
        archive = _archive(package.address(registry))
        if hashlib.sha512(archive).hexdigest() != package.digest:
            raise NotFetched(f"{package.name} {package.version} is not what it was: its digest differs.")
        for name, data in _files(package, archive):
            _put(folder / name, data)
        _put(_mark(package, folder), package.digest.encode())


def ours(name: str, data: bytes) -> bytes:
    """A file as it is served: styles without the reserved typeface, nothing that points to a map of its source."""
    if not name.endswith((".css", ".js")):
        return data
    text = re.sub(r"/[/*]# sourceMappingURL=\S+( \*/)?", "", data.decode())
    if name.endswith(".css"):
        text = re.sub(r"@font-face\{[^}]*\}", "", text)
        text = text.replace("GDS Transport,arial,sans-serif", FONTS)
        text = re.sub(r"url\((['\"]?)/assets/images/govuk-crest\.svg\1\)", "none", text)
    return text.encode()


def _is_there(package: Package, folder: Path) -> bool:
    mark = _mark(package, folder)
    return (
        mark.exists()
        and mark.read_text() == package.digest
        and all((folder / name).exists() for name in package.wanted.values())
    )


def _mark(package: Package, folder: Path) -> Path:
    """Written last: what says which version the files are of."""
    return folder / f".{package.name.rpartition('/')[2]}"


def _put(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(file)


def _files(package: Package, archive: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for inside, name in package.wanted.items():
            file = tar.extractfile(inside)
            if file is None:
                raise NotFetched(f"{package.name} {package.version} has no file {inside}.")
            yield name, ours(name, file.read())


def _archive(address: str) -> bytes:
    """What is at an address; tried again where the network fails, not where the registry says no."""
    if not address.startswith(("https://", "http://")):
        raise NotFetched(f"{address}: the registry's address begins with https://")
    for left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - checked above
                data: bytes = answer.read(LARGEST + 1)
            if len(data) > LARGEST:
                raise NotFetched(f"{address} is larger than {LARGEST} bytes.")
            return data
        except urllib.error.HTTPError as refused:
            if refused.code < 500 or not left:
                raise NotFetched(f"{address} answers {refused.code}.") from refused
        except (OSError, http.client.HTTPException) as failed:
            if not left:
                raise NotFetched(f"{address} cannot be reached: {failed}.") from failed
        time.sleep(2.0 ** (TRIES - left - 1))
    raise AssertionError("the last try returns or raises")


def main(registry: str = REGISTRY) -> int:
    """Fetch, telling what; 1 where it could not be had."""

    def tell(text: str) -> None:
        sys.stderr.write(f"    {text}\n")

    try:
        fetch(registry=registry, told=tell)
    except NotFetched as problem:
        tell(str(problem))
        tell("The first run needs the npm registry, or a mirror of it named in NPM_CONFIG_REGISTRY.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
