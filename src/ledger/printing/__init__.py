"""Printed pages: PDF/A that is read on paper, by a screen reader and in thirty years.

    pdf("chronology", data, moment)     one of the templates beside this module, with JSON values, as bytes
    chronology                          the pages of a case and its chronology.csv
    letters                             a letter as it was sent
    session_sheet                       the people of a project's day, for its supervisor

A template is code of ours; whatever a person wrote reaches it as a JSON string and is set as text, so no markup of
anybody's is ever read.  Nothing is fetched and no font of the machine is used: the same data at the same moment is the
same bytes, on every machine.  Proven by tests/printing/.
"""

from ledger.printing.chronology import Chronology, chronology_csv, chronology_pdf
from ledger.printing.letters import letter_pdf
from ledger.printing.session_sheet import sheet_pdf
from ledger.printing.setting import pdf
from ledger.printing.words import day_in_words, instant_in_words, label_in_words

__all__ = [
    "Chronology",
    "chronology_csv",
    "chronology_pdf",
    "day_in_words",
    "instant_in_words",
    "label_in_words",
    "letter_pdf",
    "pdf",
    "sheet_pdf",
]
