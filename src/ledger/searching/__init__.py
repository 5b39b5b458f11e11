"""Searching for somebody by what people know of them: numbers, names, date of birth (rule book CP-37, CP-38).

people      what is known of one person, from the facts that say it: pure
finding     the people of a ledger, in memory, and which of them a question finds: pure
keeping     that memory filled from ledger and vault, and kept up with both

Nobody's value is stored anywhere for it: the memory is a process's own and goes with it.
"""

from ledger.searching.finding import Found, Question, question
from ledger.searching.keeping import Keeping

__all__ = ["Found", "Keeping", "Question", "question"]
