"""A letter on paper: its words and nothing else, with what ties the page to the record at its foot.

    letter_pdf(title, words, foot, moment)

The first line of the words is the heading, an empty line begins a paragraph, and every other line stays a line.  The
same words at the same moment are the same bytes.  Proven by tests/printing/test_letters.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ledger.printing.setting import pdf


def letter_pdf(title: str, words: str, foot: Sequence[str], moment: datetime) -> bytes:
    """The pages, dated `moment` (aware): when the letter was sealed.  `title` is what programs call the document."""
    heading, *paragraphs = parts_of(words)
    return pdf("letter", {"title": title, "heading": heading, "paragraphs": paragraphs, "foot": list(foot)}, moment)


def parts_of(words: str) -> list[str]:
    """The heading, then the paragraphs, each with its lines; what follows the heading at once is a paragraph too."""
    heading, _, rest = words.partition("\n")
    return [heading, *(part for each in rest.split("\n\n") if (part := each.strip("\n")))]
