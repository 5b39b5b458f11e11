"""Settings: every number of the rule book, dated, with its unit and its source (rule book O, GEN-09).

The values here are those a release brings with it; the ledger seals them as data of `ledger.release-started.v1`, and a
change is a fact of stream `policy`.  Nothing reads them from here but that fact.  Proven by
tests/rules/test_settings.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ledger.rules.editions import PARTS
from ledger.rules.registry import stated

NOT_SET: Final = "not set"
KENT_COMMITTEES: Final = ("KCPC", "MCPC")
ENDORSEMENT_MISSING: Final = "Changes to the Kent protocol need the endorsement of both committees."
REASON_FOR_CHANGE: Final = "Give the reason for this change."
NO_SUCH_SETTING: Final = "There is no setting {key}; `ledger rules` lists the settings."
OTHER_PRESENT_VALUE: Final = "The present value of {key} is {present}; look again, then give it as `old`."
NOT_A_NUMBER: Final = "{key} is counted in {unit}: give a whole number from {least} to 9999."
NOT_A_CHOICE: Final = "{key} names an edition: give one of {choices}, or nothing for the manual."
NOT_NUMBERS: Final = "{key} is counted in {unit}: give whole numbers up to 9999, separated by commas."
_NUMBER: Final = re.compile("[0-9]{1,4}")
_NUMBERS: Final = re.compile("[0-9]{1,4}( *, *[0-9]{1,4})*")

stated(
    "GEN-09",
    "Each number of the rule book is a dated setting with its source; a change needs a reason, and for the rules of "
    "the Kent school protocol the endorsement of both child protection committees. A past decision keeps its setting.",
    edition="kent",
    cite="KENT 1.3",
)
stated(
    "GEN-09",
    "The words of letters and forms are dated settings of the area too: a template is set with an edition, a first day "
    "and a reason; the one in force on the day of the letter is used. Reading: by the chief officer, as settings are.",
    edition="conventions-1",
    cite="this ledger",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: its built-in value ("" for none), what it counts, who says so, and the rule it serves.

    `choices`: where it names an edition, those it may name.
    """

    key: str
    value: str
    unit: str
    source: str
    rule: str
    number: bool = True
    least: int = 0
    choices: tuple[str, ...] = ()

    @property
    def of_kent(self) -> bool:
        """Whether both Kent committees must endorse a change."""
        return self.source.startswith("KENT")

    def read(self, value: str) -> str | int | None:
        """The value as the rules take it: a whole number, a text, or None where nothing is set."""
        if not value:
            return None
        return int(value) if self.number else value

    def is_now(self, told: str, present: str | int | None) -> bool:
        """Whether a value told as the present one is: numbers by their value; of a list any wording is taken."""
        if present is None:
            return told.strip() in ("", NOT_SET)
        return not self.number or told.strip() == str(present)

    def accepts(self, value: str) -> bool:
        """Whether the rules can count with a new value; empty unsets it.

        A list of numbers stays one, and no number leads out of the calendar: one value that no rule can read would
        bar every decision, and every case would be off its worklists.
        """
        if not value:
            return True
        if self.choices:
            return value in self.choices
        if self.number:
            return _NUMBER.fullmatch(value) is not None and int(value) >= self.least
        return not self.is_list or _NUMBERS.fullmatch(value) is not None

    @property
    def is_list(self) -> bool:
        """Whether it is a list of numbers, as its built-in value is."""
        return not self.number and _NUMBERS.fullmatch(self.value) is not None

    @property
    def asks(self) -> str:
        """What to say of a value that it does not accept."""
        if self.choices:
            return NOT_A_CHOICE.format(key=self.key, choices=", ".join(self.choices))
        return (NOT_NUMBERS if self.is_list else NOT_A_NUMBER).format(key=self.key, unit=self.unit, least=self.least)


_ALL: Final = (
    Setting("upw.min_hours", "40", "hours", "CPOM s1", "UPW-01"),
    Setting("upw.max_hours", "300", "hours", "CPOM s1", "UPW-01"),
    Setting("upw.completion_months", "12", "months from sentence", "CPOM s1", "UPW-03", least=1),
    Setting("upw.check_months", "6, 9", "months from sentence", "CPOM s1", "PRG-01", number=False),
    Setting("upw.check_early_days", "14", "calendar days", "local", "PRG-02"),
    Setting("upw.first_appointment", "5", "working days from sentence", "CPOM s1", "UPW-10"),
    Setting("upw.first_appointment_reminder", "3", "working days from sentence", "local", "UPW-10"),
    Setting("upw.assessment", "15", "working days from sentence", "CPOM s1", "PRG-08"),
    Setting("oasys.assessment", "15", "working days from sentence", "CPOM s1", "PRG-08"),
    Setting("upw.assessment_reminder", "10", "working days from sentence", "local", "PRG-08"),
    Setting("oasys.assessment_reminder", "10", "working days from sentence", "local", "PRG-08"),
    Setting("enf.evidence", "5", "working days from issue", "CPOM s1", "ENF-04"),
    Setting("enf.breach_threshold", "2", "unacceptable absences per order", "CPOM s1", "ENF-08"),
    Setting("enf.breach_start_limit", "", "not set", "silent", "ENF-09", number=False),
    Setting("hrs.ete_max_percent", "", "% of ordered minutes", 'source says "a percentage"', "HRS-06"),
    Setting("hrs.long_day_minutes", "420", "minutes, warning", "CPOM Introduction", "HRS-04"),
    Setting("plc.nomination_ack", "5", "working days from receipt", "CPOM s5", "PLC-01"),
    Setting("plc.school_review_days", "84", "calendar days", "KENT 3.4", "PLC-26"),
    Setting("plc.school_review_reminder", "14", "calendar days before", "local", "PLC-26"),
    Setting("plc.pqs_interval_months", "3", "months", "KENT A2", "PLC-34"),
    Setting("plc.pqs_accredited_min", "6", "of 10", "KENT A2", "PLC-38"),
    Setting("plc.pqs_q1_cap", "1", "points without direct beneficiary", "KENT A2", "PLC-36"),
    Setting("plc.contact_hours", "30", "placement hours (preferred weekly)", "KENT A2", "PLC-35"),
    Setting(
        "plc.school_excluded_codes", "16-25, 27, 107, 139", "Home Office codes", "KENT 2.3", "PLC-06", number=False
    ),
    Setting("plc.incident_hours", "24", "elapsed hours", "CPOM s3", "PLC-42"),
    Setting("plc.survey_months", "12", "months, or at end", "CPOM s6", "PLC-43"),
    Setting("plc.hs_audit", "yearly", "random sample, size not set", "CPOM s6", "PLC-46", number=False),
    Setting("plc.agreement_audit", "yearly", "random sample, size not set", "CPOM s6", "PLC-47", number=False),
    Setting("cp.referral_reply", "10", "calendar days", "WMPA 3.1", "CP-12"),
    Setting("cp.core_group", "10", "working days from conference", "WMPA 4.5", "CP-26"),
    Setting("cp.core_assessment", "35", "calendar days", "WMPA 4.5", "CP-27"),
    Setting("cp.review_conference", "3, 6", "months: first, then each", "WMPA 4.6", "CP-28", number=False),
    Setting("cp.register_review", "4", "months", "WMPA 5.2", "CP-33"),
    Setting("cp.register_review_reminder", "14", "calendar days before", "local", "CP-33"),
    Setting("cp.monthly_report_day", "1", "working day of the month", "local", "CP-50"),
    Setting("cp.loss_of_contact_days", "28", "calendar days, warning", "local", "CP-13"),
    Setting("scr.duration", "4", "months", "WMPA 8.5", "SCR-07"),
    Setting("scr.rapid_review", "15", "working days from referral", "Working Together 2018, ch. 4", "SCR-07"),
    Setting("scr.publication", "6", "months", "Working Together 2018, ch. 4", "SCR-07"),
    Setting("mgt.supervision", "42", "calendar days", "CPOM s6", "MGT-02"),
    Setting("mgt.observations_per_year", "2", "per supervisor", "CPOM s6", "MGT-03"),
    Setting("mgt.hs_reading", "8", "weeks", "CPOM s3, Conclusion", "MGT-04"),
    Setting("mgt.hs_training", "6", "months", "CPOM s3, Conclusion", "MGT-04"),
    Setting("mgt.probation", "6", "months", "CPOM s3, Conclusion", "MGT-04"),
    Setting("ins.plan", "28", "calendar days from publication", "HMIP", "INS-11"),
    Setting("ins.bands", "80, 65, 50", "% lower edges, provisional", "HMIP in part", "INS-09", number=False),
    Setting("ins.victim_contact", "40", "calendar days", "HMIP 2.2(f)", "INS-20"),
    Setting("ins.programme_start", "6", "weeks from order or release", "HMIP 2.1 area (a)", "INS-16"),
    Setting("case.transfer", "5", "calendar days", "HMIP 2.1(o), area (h)", "ALL-22"),
    Setting("dp.request_months", "1", "months from receipt", "DPA 2018 s.54", "DP-09"),
    Setting("dp.breach_hours", "72", "elapsed hours", "DPA 2018 s.67", "DP-06"),
    Setting("dp.retention_years", "", "years from the end of supervision", "silent; set by the area", "DP-05"),
    Setting("ssp.review", "12", "months", "STAFFS 9", "SSP-03"),
    *(
        Setting(
            each.key,
            "",
            f"edition, by the day of {each.anchor}",
            each.source,
            min(each.replaces),
            number=False,
            choices=tuple(each.laws),
        )
        for each in PARTS
    ),
)

SETTINGS: Final = {each.key: each for each in _ALL}
