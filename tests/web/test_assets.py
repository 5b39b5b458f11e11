"""What pages are drawn with: fetched whole or not at all, without the reserved typeface, and served as files only."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.doors import Door
from tests.web.browsing import Browser

from ledger.api.web.assets import STATIC, WANTED, NotFetched, Package, fetch, missing, ours


def archive(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        for name, data in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            tar.addfile(about, io.BytesIO(data))
    return held.getvalue()


STYLE = (
    b"@font-face{font-family:GDS Transport;src:url(x)}a{font-family:GDS Transport,arial,sans-serif}\n"
    b"/*# sourceMappingURL=x.map */"
)
WHOLE = archive({"package/a.css": STYLE, "package/../../evil": b"evil", "package/b.svg": b"<svg/>"})


def package(data: bytes = WHOLE, **files: str) -> Package:
    return Package("@x/looks", "1.0.0", hashlib.sha512(data).hexdigest(), files or {"package/a.css": "a.css"})


@pytest.fixture
def registry() -> Generator[tuple[str, list[bytes]]]:
    """A registry that gives these answers, one after another; the last again and again."""
    answers = [WHOLE]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = answers.pop(0) if len(answers) > 1 else answers[0]
            if not self.path.endswith("/@x/looks/-/looks-1.0.0.tgz"):
                self.send_error(404)
            elif not data:
                self.send_error(503)
            else:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(data)

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answers
    server.shutdown()


def test_a_package_is_fetched_once(tmp_path: Path, registry: tuple[str, list[bytes]]):
    wanted = (package(),)
    fetch(tmp_path, registry[0], wanted=wanted)
    assert missing(tmp_path, wanted) == []
    fetch(tmp_path, "http://127.0.0.1:9/nobody", wanted=wanted)
    assert sorted(each.name for each in tmp_path.iterdir()) == [".looks", "a.css"]


def test_what_is_not_the_package_that_was_meant_is_not_unpacked(tmp_path: Path, registry: tuple[str, list[bytes]]):
    with pytest.raises(NotFetched, match="digest differs"):
        fetch(tmp_path, registry[0], wanted=(package(b"another"),))
    assert list(tmp_path.iterdir()) == []


def test_another_version_is_fetched_anew_and_a_file_that_is_gone_too(tmp_path: Path, registry: tuple[str, list[bytes]]):
    fetch(tmp_path, registry[0], wanted=(package(),))
    (tmp_path / "a.css").unlink()
    assert missing(tmp_path, (package(),))
    fetch(tmp_path, registry[0], wanted=(package(),))
    more = package(**{"package/a.css": "a.css", "package/b.svg": "images/b.svg"})
    assert missing(tmp_path, (more,))


def test_a_registry_that_fails_for_a_moment_is_asked_again(tmp_path: Path, registry: tuple[str, list[bytes]]):
    registry[1][:] = [b"", WHOLE]
    fetch(tmp_path, registry[0], wanted=(package(),))
    assert missing(tmp_path, (package(),)) == []


def test_a_registry_that_has_no_such_package_is_believed(tmp_path: Path, registry: tuple[str, list[bytes]]):
    with pytest.raises(NotFetched, match="answers 404"):
        fetch(tmp_path, f"{registry[0]}/other", wanted=(Package("@y/z", "1", "", {}),))


def test_styles_are_kept_without_the_reserved_typeface_and_without_maps():
    kept = ours("a.css", STYLE).decode()
    assert "GDS" not in kept
    assert "system-ui" in kept
    assert "sourceMappingURL" not in kept
    assert ours("a.svg", STYLE) == STYLE


def test_no_picture_of_the_crown_and_no_font_is_wanted():
    for each in WANTED:
        for name in each.wanted:
            assert "crown" not in name
            assert "crest" not in name
            assert not name.endswith((".woff", ".woff2"))


def test_files_of_ours_are_served_for_a_year_and_nothing_beside_them(door: Door):
    browser = Browser(door)
    answer = browser.get("/assets/ledger.css?v=1")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    for path in (
        "/assets/../pages.py",
        "/assets/..%2fpages.py",
        "/assets/%2e%2e/pages.py",
        "/assets/",
        "/assets/.frontend",
    ):
        assert browser.get(path).status_code == 404, path


def test_what_was_fetched_here_is_what_is_wanted():
    if not STATIC.exists():
        pytest.skip("the look of the pages was not fetched: python3 start.py setup")
    assert missing() == []
    for file in STATIC.glob("*.css"):
        assert "GDS Transport" not in file.read_text()
