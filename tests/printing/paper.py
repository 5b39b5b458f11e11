"""A printed page read back as a reader's program would: objects, streams, fonts with their maps to Unicode, text.

Only as much of ISO 32000 as our pages use; what it does not know makes a test fail, not pass.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import cached_property

_OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"(.*?)stream\r?\n(.*)\r?\nendstream", re.DOTALL)
# A string may hold parentheses as they are where each has its other one, up to some depth.
_LITERAL = rb"\((?:\\.|[^\\()]|\((?:\\.|[^\\()]|\((?:\\.|[^\\()]|\((?:\\.|[^\\()])*\))*\))*\))*\)"
_TOKEN = re.compile(
    rb"/Span<</ActualText(?P<actual>" + _LITERAL + rb"|<[0-9A-Fa-f]*>)>>\s*BDC"
    rb"|(?P<dictionary><<.*?>>)"
    rb"|/ReversedChars BMC(?P<reversed>)"
    rb"|(?P<open>BDC|BMC)"
    rb"|(?P<close>EMC)"
    rb"|/(?P<font>f\d+) [\d.]+ Tf"
    rb"|(?P<text>" + _LITERAL + rb"|<[0-9A-Fa-f]+>)",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r?\n|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


@dataclass(frozen=True)
class Paper:
    """A PDF as bytes, and what it says."""

    data: bytes

    @cached_property
    def objects(self) -> dict[int, bytes]:
        return {int(found[1]): found[2] for found in _OBJECT.finditer(self.data)}

    @property
    def pages(self) -> list[str]:
        """The text of each page, in the order in which it is drawn."""
        order = next(each for each in self.objects.values() if b"/Type/Pages/" in each)
        kids = re.search(rb"/Kids\[(.*?)\]", order)
        assert kids is not None
        return [self._text(self.objects[int(number)]) for number in re.findall(rb"(\d+) 0 R", kids[1])]

    @property
    def text(self) -> str:
        return "".join(self.pages)

    @property
    def metadata(self) -> str:
        """The XMP packet."""
        return next(
            self._stream(each).decode()
            for each in self.objects.values()
            if b"/Type/Metadata" in each.split(b"stream")[0]
        )

    def says(self, text: str) -> bool:
        """Whether it says this, however its lines are broken."""
        return squeezed(text) in squeezed(self.text)

    # ------------------------------------------------------------------------------------ inside

    def _stream(self, made: bytes) -> bytes:
        found = _STREAM.fullmatch(made)
        assert found is not None
        return zlib.decompress(found[2]) if b"/FlateDecode" in found[1] else found[2]

    def _fonts(self, page: bytes) -> dict[bytes, dict[int, str]]:
        """The map to Unicode of each font of a page, by the name that the page calls it."""
        where = re.search(rb"/Resources (\d+) 0 R", page)
        assert where is not None
        found = re.search(rb"/Font<<(.*?)>>", self.objects[int(where[1])])
        named = re.findall(rb"/(f\d+) (\d+) 0 R", found[1]) if found else []
        return {name: self._unicode(self.objects[int(number)]) for name, number in named}

    def _unicode(self, font: bytes) -> dict[int, str]:
        where = re.search(rb"/ToUnicode (\d+) 0 R", font)
        assert where is not None, "a font that nobody can copy text from"
        table = self._stream(self.objects[int(where[1])])
        lines = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>\n", table)
        return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in lines}

    def _text(self, page: bytes) -> str:
        contents = re.search(rb"/Contents (\d+) 0 R", page)
        assert contents is not None
        said: list[str] = []
        stack: list[tuple[str, int, str]] = []  # kind, where it began, what it says instead
        font: dict[int, str] = {}
        fonts = self._fonts(page)
        for token in _TOKEN.finditer(self._stream(self.objects[int(contents[1])])):
            kind = token.lastgroup
            if kind == "actual":
                stack.append(("actual", len(said), _utf16(_bytes(token["actual"]))))
            elif kind in ("reversed", "open"):
                stack.append((kind, len(said), ""))
            elif kind == "close":
                how, start, instead = stack.pop()
                if how == "actual":
                    said[start:] = [instead]
                elif how == "reversed":
                    said[start:] = ["".join(said[start:])[::-1]]
            elif kind == "font":
                font = fonts[token["font"]]
            elif kind == "text":
                codes = _bytes(token["text"])
                pairs = (codes[n] << 8 | codes[n + 1] for n in range(0, len(codes), 2))
                said.append("".join(font[code] for code in pairs))
        return "".join(said)


def squeezed(text: str) -> str:
    """A text without what breaking its lines adds or takes away."""
    return re.sub(r"[\s\u200b]+", "", text)


def _bytes(token: bytes) -> bytes:
    if token.startswith(b"<"):
        return bytes.fromhex(token[1:-1].decode())
    return _ESCAPE.sub(_unescaped, token[1:-1])


def _unescaped(found: re.Match[bytes]) -> bytes:
    escaped = found[1]
    if escaped.isdigit():
        return bytes([int(escaped, 8)])
    return b"" if escaped.endswith(b"\n") else _PLAIN.get(escaped, escaped)


def _utf16(data: bytes) -> str:
    return data[2:].decode("utf-16-be") if data.startswith(b"\xfe\xff") else data.decode("latin-1")
