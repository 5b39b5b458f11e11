"""Telling a child protection matter in tests: dora, her matter m1, and short lines for what happens in it.

case = Mattering().concern().referral(at="2025-12-18 11:00")
case.matter("2025-12-29")["referrals"][0]["state"]
"""

from __future__ import annotations

from datetime import date

from tests.aggregates.telling import Telling

from ledger.scenarios import instant

M1 = "child-protection-matter/m1"
DAY_AFTER_DAY = "2025-09-01"


class Mattering(Telling):
    """Dora is on record; her matter m1 begins with `concern`."""

    def __init__(self, settings=None):
        super().__init__("dora", settings)
        self.recorded()

    def tells(self, at, by, command, /, **data):
        return self.tell(at, by, command, to=data.pop("to", M1), **data)

    def stops(self, at, by, command, /, **data):
        return self.refused(at, by, command, to=data.pop("to", M1), **data)

    def concern(self, concern="c1", on=DAY_AFTER_DAY, at=None, offender="dora", **more):
        data = {"concern_id": concern, "offender_id": offender, "source": "INTERVIEW_OASYS", "noted_on": on}
        data |= {"grave": False, "category": "SIGNIFICANT_HARM", "note": "as told", **more}
        return self.tells(at or f"{on} 10:00", "practitioner", "RecordConcern", **data)

    def referral(self, referral="rf1", at="2025-12-18 11:00", channel="WRITTEN", concerns=("c1",), recorded=None):
        data = {"referral_id": referral, "concern_ids": list(concerns), "made_at": at, "channel": channel}
        return self.tells(recorded or at, "practitioner", "MakeReferral", **data, sent_to="Nowhere Services")

    def reply(self, on, referral="rf1", at=None):
        data = {"referral_id": referral, "on": on, "outline": "as told"}
        return self.tells(at or f"{on} 12:00", "team-admin", "RecordReply", **data)

    def invited(self, conference="cf1", kind="INITIAL", day="2025-12-18", at="2025-09-02 10:00"):
        data = {"conference_id": conference, "kind": kind, "for_date": day}
        return self.tells(at, "team-admin", "RecordInvitation", **data)

    def attended(self, on="2025-12-18", conference="cf1", at=None):
        data = {"conference_id": conference, "on": on}
        return self.tells(at or f"{on} 16:00", "practitioner", "RecordConferenceAttendance", **data)

    def report(self, on, conference="cf1", **more):
        data = {"conference_id": conference, "on": on, "sections": {"child": "as told"}, "statement_types": ["fact"]}
        data |= {"shared_with_family_on": on, **more}
        return self.tells(f"{on} 09:00", "practitioner", "SubmitConferenceReport", **data)

    def core_group(self, on, first=True, at=None):
        data = {"first": first, "on": on, "attended": ["as told"]}
        return self.tells(at or f"{on} 17:00", "practitioner", "RecordCoreGroup", **data)

    def strategy(self, on, at=None):
        data = {"on": on, "attended_by": ["as told"], "decision": "enquiries"}
        return self.tells(at or f"{on} 15:00", "practitioner", "RecordStrategyMeeting", **data)

    # ---------------------------------------------------------------- asking

    def shown(self, path, as_at, known_at=None, explain=False):
        noun, name, *view = path.split("/")
        known = instant(known_at) if known_at else None
        asked = "/".join([noun, self.names.id(name), *view])
        return self.names.named(self.ledger.ask(asked, date.fromisoformat(as_at), known, explain))

    def matter(self, as_at, n=0, **more):
        return self.shown("offender/dora/child-protection", as_at, **more)["matters"][n]

    def flags(self, as_at, **more):
        """(rule, flag, since) of every alert."""
        alerts = self.shown("offender/dora/child-protection", as_at, **more)["alerts"]
        return [(each["rule"], each["flag"], str(each["since"])) for each in alerts]

    def about(self, n=-1):
        """Whom the nth newest fact is about, by their short names."""
        return sorted(self.names.names[each[-36:]] for each in self.ledger.records[n].about)
