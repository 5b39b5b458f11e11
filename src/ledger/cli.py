"""The command line: one line per verb; parse, call one function, print.  Every verb takes --json.

What a verb does stands in `ledger.verbs`; here is only what it is called and what it takes.
Proven by tests/test_cli.py and tests/journeys/.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from ledger import (
    bundles,
    collecting,
    correspondence,
    histories,
    keeping,
    looking,
    outcomes,
    papers,
    subjects,
    supposing,
    vaults,
    verbs,
)
from ledger.aggregates.ledger_stream import CAUSES
from ledger.api.problems import place_of
from ledger.application.reporting import REPORTS
from ledger.askers import named_by, read_by
from ledger.disclosing.table import PURPOSES
from ledger.errors import LedgerError, LimitedAccess, Malformed
from ledger.printing.forms import FORMS
from ledger.rules.editions import NAMES


def parser() -> argparse.ArgumentParser:
    """Every verb with what it takes."""
    top = argparse.ArgumentParser(
        prog="ledger", description="The case ledger: every fact sealed, every answer explained."
    )
    top.set_defaults(verb=None, json=False)
    names = top.add_subparsers(title="verbs", metavar="VERB")

    def verb(name: str, function: verbs.Verb, says: str) -> argparse.ArgumentParser:
        found = names.add_parser(name, help=says, description=says)
        found.add_argument("--json", action="store_true", help="print JSON")
        found.set_defaults(verb=function)
        return found

    each = verb("demo", verbs.demo, "embedded PostgreSQL, a demonstration caseload, the server")
    each.add_argument("--port", type=int, default=8000)
    verb("serve", verbs.serve, "serve the ledger that the environment names")
    each = verb("follow", verbs.follow, "keep the worklists up to date; 'ledger serve' runs one beside itself")
    each.add_argument("--beside", action="store_true", help="end when standard input does")
    each = verb("rebuild", verbs.rebuild, "build worklists anew beside the live ones, then swap them in")
    each.add_argument("name", nargs="?", help="a worklist; all of them if left out")
    verb("migrate", verbs.migrate, "bring the schemas of ledger and vault up to date")
    verb("status", verbs.status, "positions and the last checkpoint")
    each = verb("import", histories.import_history, "record the commands of JSON Lines or tables (CSV), or rehearse it")
    each.add_argument("file", type=Path, help="a file (.jsonl, .csv), or a folder of such")
    each.add_argument("--mapping", type=Path, metavar="FILE.toml", help="what the columns of tables are here")
    each.add_argument("--dry-run", action="store_true", help="only say what would be refused and why")
    each.add_argument("--by", metavar="ID", help="who imports, by random id, and signs the lines; nobody by name if "
                      "left out")  # fmt: skip
    each = verb(
        "outcomes", outcomes.outcomes, "outcome codes: a table to lines for 'ledger import', or a case's as a table"
    )
    each.add_argument("what", choices=("read", "write"))
    each.add_argument("of", metavar="FILE.csv|ID", help="read: the table; write: an offender's id")
    each.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    each.add_argument("--system", default="delius", help="read: what the other system is called")
    read_by(each, "practitioner")
    each = verb("scenario", verbs.scenario, "run scenarios, each in a fresh ledger")
    each.add_argument("files", type=Path, nargs="+", metavar="FILE")
    each = verb("case", _case, "a view of a case; or what was said of it at two moments")
    each.add_argument("id", help="an offender's id, or noun/id")
    each.add_argument("what", nargs="?", choices=("compare",), help="what was known at --known-at, and at --with")
    each.add_argument("--with", dest="with_", metavar="INSTANT", help="compare: the later moment; now if left out")
    each.add_argument("--as-at", metavar="DAY")
    each.add_argument("--known-at", metavar="INSTANT")
    each.add_argument("--clock", choices=("ledger", "source"), default="ledger", help="whose record time is known by")
    each.add_argument("--view", default="enforcement")
    each.add_argument("--explain", action="store_true", help="with rules, facts, calendar and settings")
    each.add_argument("--edition", choices=NAMES, help="what this edition of the law would have said")
    read_by(each)
    each = verb("report", supposing.report, f"numbers over the whole caseload: {', '.join(REPORTS)}")
    each.add_argument("name", choices=REPORTS)
    each.add_argument("--as-at", metavar="DAY")
    read_by(each)
    each = verb("what-if", supposing.what_if, "which cases would stand otherwise under an edition of the law")
    each.add_argument("--edition", required=True, choices=NAMES, help="the edition that is supposed to rule")
    each.add_argument("--against", choices=NAMES, help="compared with; what is in force, by the settings, if left out")
    each.add_argument("--as-at", metavar="DAY")
    read_by(each)
    each = verb("trail", _trail, "what a decision rested on, and whether it comes out the same today")
    each.add_argument("position", type=int, nargs="?", help="of its fact in the log; of a bundle all, if left out")
    each.add_argument("--bundle", type=Path, metavar="FILE.zip", help="from a bundle alone, without a ledger")
    each.add_argument("--key", action="append", default=[], metavar="VKEY", help="the ledger's key, for a bundle")
    each.add_argument("-o", "--output", type=Path, metavar="FILE.pdf", help="write it as a printed page")
    read_by(each)
    each = verb("search", verbs.search, "somebody by number, name or date of birth; a star ends a name begun")
    for name in ("client-id", "crn", "surname", "forenames", "date-of-birth"):
        each.add_argument(f"--{name}", help="YYYY-MM-DD" if name == "date-of-birth" else None)
    read_by(each, "practitioner")
    each = verb("log", verbs.log, "the transparency log: its checkpoint, its keys, or all of it as files")
    each.add_argument("what", choices=verbs.OF_A_LOG)
    each.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="where the tiles are written")
    each.add_argument("--access", action="store_true", help="of the access log")
    each.add_argument("--ml-dsa", action="store_true", help="rotate-key: the ML-DSA-44 key")
    each.add_argument("--cause", choices=CAUSES, help="accept-loss: why")
    each.add_argument("--origin", metavar="NAME", help="accept-loss: what the ledger is called from now on")
    each.add_argument("--held", action="append", default=[], type=Path, metavar="FILE",
                      help="accept-loss: the last checkpoint that a witness or auditor holds")  # fmt: skip
    each.add_argument("--key", action="append", default=[], metavar="VKEY",
                      help="accept-loss: a key of the old name, where none of it is left")  # fmt: skip
    each = verb("witness", verbs.witness, "a witness: follow logs, and cosign what takes nothing back")
    each.add_argument("urls", nargs="*", metavar="URL", help="a log to follow; URL/access is its access log")
    each.add_argument("--home", type=Path, default=Path(".witness"), help="its own folder")
    each.add_argument("--listen", default="127.0.0.1:8100", metavar="HOST:PORT", help="where logs send checkpoints")
    each.add_argument("--name", help="what it is called, for ever; drawn if never given")
    each.add_argument("--key", action="append", default=[], metavar="VKEY", help="trust a log by this verifier key")
    each.add_argument("--replay", type=Path, metavar="FILE", help="read every entry, with the auditor's token in FILE")
    each.add_argument("--announced", type=Path, metavar="FILE", help="keys a log announced: 'ledger log announcements'")
    each.add_argument("--every", type=float, default=10.0, metavar="SECONDS", help="how often it looks")
    each = verb("refusals", looking.refusals, "what was refused: when, to whom, which command, by which rule")
    each.add_argument("--to", metavar="NOUN/ID", help="of one case only")
    read_by(each)
    each = verb("readings", looking.readings, "who was shown a case, when and what for")
    each.add_argument("id", help="an offender's id, or noun/id")
    each.add_argument("--for-subject", action="store_true", help="as the person it is about may know it")
    read_by(each)
    each = verb("export", bundles.export, "a case as a zip that verifies without us")
    each.add_argument("id", help="an offender's id, or noun/id")
    each.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.zip")
    each.add_argument("--purpose", required=True, help=f"one of {', '.join(PURPOSES)}")
    each.add_argument("--recipient", required=True, help="for whom it is")
    named_by(each, "practitioner")
    each.add_argument("--without-pdf", action="store_true", help="without the printed chronology")
    each = verb("document", papers.document, "put a document beside the record, or take it out again")
    each.add_argument("what", choices=("put", "get"))
    each.add_argument("id", help="an offender's id, or noun/id")
    each.add_argument("doc_id", help="the document's own id")
    each.add_argument("file", type=Path, metavar="FILE", help="put: what is stored; get: where it is written")
    each.add_argument("--kind", help="put: what kind of document, where it was not filed before")
    each.add_argument("--marking", choices=("OPEN", "CONFIDENTIAL", "RESTRICTED"), help="put: likewise")
    read_by(each, "practitioner")
    each = verb("letter", correspondence.letter, "a letter that the ledger wrote, as it was sent")
    each.add_argument("id", help="an offender's id")
    each.add_argument("letter", help="the id of the fact that issued it, or its own; of a preview a file")
    each.add_argument(
        "--preview",
        action="store_true",
        help='what one would say; the file: {"command": …, "data": {…}}, as in an import',
    )
    each.add_argument("-o", "--out", type=Path, metavar="FILE", help="FILE.pdf or FILE.txt; printed if left out")
    read_by(each, "practitioner")
    each = verb(
        "session-sheet", correspondence.session_sheet, "who is expected at a placement on a day, to be written on"
    )
    each.add_argument("id", help="a placement's id")
    each.add_argument("--day", required=True, metavar="DAY")
    each.add_argument("-o", "--out", type=Path, metavar="FILE.pdf", help="printed as text if left out")
    read_by(each, "supervisor")
    each = verb(
        "form", correspondence.form, "a form of the sources, filled from what is recorded, to be sent or filled in"
    )
    each.add_argument("form", choices=tuple(FORMS))
    each.add_argument("id", help="the id of the matter or the review, or the month of the report")
    each.add_argument(
        "--of", default="", metavar="ID", help="which one, as view forms names it; the newest if left out"
    )
    each.add_argument("--as-at", metavar="DAY")
    each.add_argument("--known-at", metavar="INSTANT")
    each.add_argument("-o", "--out", type=Path, metavar="FILE.pdf", help="printed as text if left out")
    read_by(each, "practitioner")
    each = verb("subject-access", subjects.subject_access, "what is held about a person who asked, others' values shut")
    each.add_argument("crn", help="the case reference number")
    each.add_argument("--from", dest="since", metavar="DAY", help="only what happened on this day or later")
    each.add_argument("--to", dest="until", metavar="DAY", help="only what happened up to this day")
    each.add_argument("-o", "--output", type=Path, metavar="FILE.pdf", help="write it as printed pages")
    named_by(each, "data-protection-officer")
    each = verb("verify", _verify, "check a bundle offline; or read every stored byte again and check the whole ledger")
    each.add_argument("file", type=Path, nargs="?", metavar="FILE.zip", help="a bundle; the whole ledger if left out")
    each.add_argument("--key", action="append", default=[], metavar="VKEY", help="the ledger's key, for a bundle")
    each.add_argument("--roots", type=Path, metavar="FILE", help="the timestamping authority's, in PEM, for a bundle")
    each.add_argument("--from", dest="since", type=Path, metavar="FILE", help="only what came since this checkpoint")
    each.add_argument("--values", action="store_true", help="open every sealed value too, with the vault's keys")
    each = verb("vault", vaults.vault, "how the vault stands; or its keys wrapped anew and the old wrapping key gone")
    each.add_argument("what", choices=("status", "rewrap"))
    each = verb("backup", keeping.backup, "ledger and vault, apart, while everybody goes on working")
    each.add_argument("folder", type=Path, metavar="DIR", help="DIR/ledger and DIR/vault get a folder each")
    each = verb("restore", keeping.restoring, "a ledger and its vault from backups, into what is empty")
    each.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="of 'ledger backup': the newest ones in it")
    each.add_argument("--ledger", type=Path, metavar="FOLDER", help="this backup of the ledger")
    each.add_argument("--vault", type=Path, metavar="FOLDER", help="this backup of the vault")
    each.add_argument("--erasures", type=Path, action="append", default=[], metavar="FILE", help="a list of erasures")
    each.add_argument(
        "--checkpoint", type=Path, action="append", default=[], metavar="FILE", help="of the ledger; a witness's folder"
    )
    each.add_argument("--key", action="append", default=[], metavar="VKEY", help="a key that signed an old checkpoint")
    each.add_argument(
        "--accept-loss", action="store_true", help="without facts that were acknowledged: to be read only"
    )
    each = verb("rules", verbs.rules, "every rule with its source")
    each.add_argument("--as-at", metavar="DAY", help="those in force on a day, by the settings of this ledger")
    verb("events", verbs.events, "every fact with its command, roles and fields")
    each = verb("token", verbs.token, "a token from the embedded issuer")
    each.add_argument("--role", required=True, action="append", help="may be given more than once")
    each.add_argument("--id", help="the staff member's random id; drawn if left out")
    each.add_argument("--unit")
    each.add_argument("--hours", type=int, default=8, help="how long it holds")
    return top


def _case(given: argparse.Namespace) -> int:
    """A view, or what was said at two moments."""
    if given.what == "compare":
        return supposing.compare(given)
    if given.with_:
        raise Malformed("--with is the later moment of: ledger case ID compare --known-at INSTANT --with INSTANT")
    return verbs.case(given)


def _verify(given: argparse.Namespace) -> int:
    """A bundle, or the ledger that the environment names."""
    return bundles.verify(given) if given.file else verbs.verify(given)


def _trail(given: argparse.Namespace) -> int:
    """From a bundle, or from the ledger that the environment names."""
    if given.bundle:
        return bundles.trail(given)
    if given.position is None:
        raise Malformed("Say at which position of the log the decision stands, or give a bundle.")
    return verbs.trail(given)


def program() -> int:
    """The program `ledger`: this process does one verb and nothing else."""
    collecting.seldom()
    return main()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.  0: done; 1: done, and something was not as it should be; 2: it could not be done."""
    top = parser()
    given = top.parse_args(arguments)
    if given.verb is None:
        top.print_help()
        return 2
    try:
        return int(given.verb(given))
    except LimitedAccess as problem:
        return _cannot(" ".join(filter(None, (str(problem), problem.told))))
    except LedgerError as problem:
        return _cannot(str(problem))
    except psycopg.Error as problem:
        return _cannot(f"A database does not do what it is asked ({type(problem).__name__}). Check that it runs.")
    except BrokenPipeError:  # whoever reads what is printed has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        return _cannot(f"{where}{problem.strerror or type(problem).__name__}. Check the path and whose it is.")
    except KeyboardInterrupt:
        return 130
    except Exception as problem:  # a defect of ours: told by its place, never by its text, which may be personal
        return _cannot(f"Something is wrong on our side ({type(problem).__name__} at {place_of(problem)}). Report it.")


def _cannot(why: str) -> int:
    print(f"ledger: {why}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(program())
