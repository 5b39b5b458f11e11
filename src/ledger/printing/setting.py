"""Setting a page: a template and JSON values become PDF/A-2a that is PDF/UA-1 too (ISO 19005-2, ISO 14289-1).

Whatever anybody wrote is made printable first: what would not be seen, would change how others' words are read, or has
no glyph in the fonts that are embedded stands as its Unicode number, [U+202E].  A form in which a value cannot be
printed must not hide that there is one.  Proven by tests/printing/test_setting.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

import orjson
import typst

TEMPLATES: Final = Path(__file__).parent / "templates"
STANDARDS: Final[list[typst.PDFStandard]] = ["a-2a", "ua-1"]
_TRIES: Final = 3  # one finds every character without a glyph; what takes its place is plain ASCII
_NO_GLYPH: Final = re.compile(r'the (?:text|PDF contains the codepoint) `"(.+?)"`')
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]+)\}")
# Joiners and marks of direction that writing in Persian, Hindi or Hebrew needs; they reach no further than a letter.
_HARMLESS: Final = frozenset("\u200c\u200d\u200e\u200f")
_MARKS: Final = 4  # on one letter; a pile of them would cover the lines above


def pdf(template: str, data: Mapping[str, Any], moment: datetime) -> bytes:
    """The pages of a template ("chronology"): data are JSON values, `moment` (aware) is the date of the document."""
    values = printable(data)
    for _ in range(_TRIES):
        try:
            return _compiled(template, values, moment)
        except typst.TypstError as problem:
            missing = _without_glyph(problem.diagnostic)
            if not missing:
                raise
            values = _each_text(values, lambda text, gone=missing: "".join(_named(c) if c in gone else c for c in text))
    return _compiled(template, values, moment)


def _compiled(template: str, values: Any, moment: datetime) -> bytes:
    compiler = typst.Compiler(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        ignore_system_fonts=True,
        sys_inputs={"data": orjson.dumps(values).decode()},
    )
    made = compiler.compile(format="pdf", pdf_standards=STANDARDS, timestamp=int(moment.timestamp()))
    return cast("bytes", made)


def _without_glyph(diagnostic: str) -> frozenset[str]:
    """The characters that the embedded fonts cannot show, as the compiler names them, every one."""
    found = (_ESCAPED.sub(lambda code: chr(int(code[1], 16)), each) for each in _NO_GLYPH.findall(diagnostic))
    return frozenset(character for each in found for character in each if not character.isascii())


# ------------------------------------------------------------------------------------------ what can be printed


def printable(value: Any) -> Any:
    """JSON values with every text as it can be printed, names of members included."""
    return _each_text(value, _seen)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else change(value)
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {_each_text(name, change): _each_text(each, change) for name, each in members.items()}
    if isinstance(value, list | tuple):
        return [_each_text(each, change) for each in cast("list[Any]", value)]
    return value


def _seen(text: str) -> str:
    """A text in which nothing is invisible, turns the others' words round, or is piled up over them."""
    made: list[str] = []
    marks = 0
    for each in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(each)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        hidden = kind in ("Cf", "Co", "Cn", "Cs", "Zl", "Zp") and each not in _HARMLESS
        made.append(_named(each) if hidden or marks > _MARKS else each)
    return "".join(made)


def _named(character: str) -> str:
    return f"[U+{ord(character):04X}]"
