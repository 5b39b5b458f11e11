"""What practitioners and supervisors write: short notes, by occasion.  No name of anybody stands in them."""

from __future__ import annotations

from typing import Final

FAILED: Final = (
    "No call, no show. Minibus waited ten minutes.",
    "Did not arrive at the pick-up point; phone went to voicemail.",
    "Texted at 08:10: would not be in. No reason given.",
    "Not at home when I rang; mother says he left early.",
    "Third week running with a story. Told that evidence is needed.",
    "Overslept, by own account. Offered the afternoon, did not come.",
    None,
    None,
)
REFUSED: Final = (
    "Would not put on the boots. Asked twice, then sent home.",
    "Smelt of drink at briefing; not safe near tools.",
    "Left the site at the tea break and did not come back.",
    "Argued with the group about the task; calmed down, then walked off.",
    None,
)
SENT_HOME: Final = ("UNFIT", "NO_PPE", "CLOTHING", "CONDUCT")
STOPPED: Final = (
    "Sat down and would not work after two warnings.",
    "On the phone all morning; warned at ten and at eleven.",
    "Threw tools about. Stopped for everybody's safety.",
)
# The evidence's kind and description, the reason code it goes under, and what a fair reader makes of it.
EVIDENCE: Final = (
    ("medical certificate", "Certificate from the surgery covers the day.", "medical", True),
    ("appointment card", "Hospital outpatient card for that morning.", "medical", True),
    ("letter", "Employer confirms an extra shift at short notice.", "work", True),
    ("letter", "School confirms the child was sent home ill.", "family/caring", True),
    ("order of service", "Funeral of an aunt, same day.", "bereavement", True),
    ("summons", "Had to be at the county court that day.", "court/other appointment", True),
    ("note", "Says the bus did not run; the operator says it did.", "travel", False),
    ("note", "Handwritten: felt unwell. No certificate.", "medical", False),
    ("text message", "Says a shift came up. No rota, no employer's name.", "work", False),
    ("note", "Baby-sitter cancelled; partner was at home, by own account.", "family/caring", False),
)
ACCEPTED: Final = (
    "The paper covers the day and time. Session to be made up.",
    "Evidence checked by phone with those who issued it.",
    "Reasonable in the circumstances; reminded to ring beforehand next time.",
)
NOT_ACCEPTED: Final = (
    "Does not show that coming was impossible.",
    "Nothing to support it, and no call on the day.",
    "Same reason as last time, which was looked into and did not hold.",
)
REJUDGED: Final = (
    "In hospital when the letter came; discharge sheet seen. Late through no fault of theirs.",
    "Surgery confirms the certificate was asked for in time and issued late.",
    "Letter went to the old address; evidence is good.",
)
FORGED: Final = "Surgery did not issue this certificate. Acceptance withdrawn."
DECLINED: Final = (
    "Second absence a week before a new job; has attended every session since. Warning given instead.",
    "Both absences fall in the month of a bereavement. Not in the public interest.",
    "Hours nearly finished; completing them serves the court better than a return.",
)
COMPLIANCE: Final = (
    "Rang to go over the calendar; reminder texts set up for Friday evenings.",
    "Met at the office. Bus pass arranged so that travel is no excuse.",
    "Moved to a site within walking distance.",
    "Agreed an earlier pick-up with the supervisor.",
)
ENOUGH: Final = (
    "On course to finish well before the twelve months.",
    "A little behind the guide figure but attending every week.",
    "Steady. Supervisor speaks well of the work.",
    "Catching up since the change of site.",
)
NOT_ENOUGH: Final = (
    "Less than half of what should be done by now.",
    "Five sessions missed since spring; will not finish at this rate.",
    "Only a few hours credited. Work pattern clashes with Saturdays.",
)
CATCH_UP: Final = (
    "Two sessions a week from now on.",
    "Individual placement asked for, to fit round shifts.",
    "Warning interview held; attendance plan signed.",
    "Education hours agreed to make up part of the balance.",
)
MATCHED: Final = (
    "Within walking distance; has worked outdoors before.",
    "On the bus route. Likes gardening and says so.",
    "No conflict with anybody on the Saturday team.",
    "Suits caring duties on weekdays; site has step-free access.",
    "Was a painter; can show the others.",
)
ACTIVITIES: Final = (
    ("bricklaying course", "CLOSER_TO_WORK", "college register"),
    ("functional skills in maths", "CLOSER_TO_WORK", "tutor's attendance sheet"),
    ("forklift licence", "PROGRESS_IN_WORK", "training centre's record"),
    ("interview skills workshop", "CLOSER_TO_WORK", "certificate of attendance"),
    ("food hygiene certificate", "KEEP_JOB", "certificate, level 2"),
)
ADJUSTED: Final = (
    "Sheet totalled wrongly; session ended half an hour later than entered.",
    "Travel time left off by mistake.",
    "Return of the beneficiary arrived late.",
)
CONCERNS: Final = (
    ("SUBSTANCE_EMOTIONAL", "Quieter than usual and shaky; said he had not slept for days."),
    ("WORK_PERFORMANCE", "Will only work next to one particular man and follows his lead."),
    ("GROUP_OFFENDING", "Somebody in a car was waiting at the gate at knocking-off time."),
    ("DOMESTIC_ABUSE", "Spoke of a row at home at the weekend; not in detail."),
)
NEEDS: Final = (
    ("dyslexia", "Toolbox talk given in words, forms read aloud."),
    ("knee injury", "No kneeling or lifting; painting and litter work only."),
    ("Friday prayer", "Midday break arranged with the supervisor."),
    ("hearing aid", "Stands at the front at briefing; no ear defenders over it."),
)
LANGUAGES: Final = (("Polish", "INTERPRETER"), ("Urdu", "INTERPRETER"), ("British Sign Language", "SIGNING"))
ENTRIES: Final = (
    ("work", "Group of nine. Beds along the path cleared."),
    ("work", "Railings rubbed down and primed; second coat next week."),
    ("work", "Leaves, litter, two skips filled."),
    ("feedback", "Warden pleased with the new steps."),
    ("problem", "Water tap locked again."),
    ("visit", "Brief visit; gloves and bags delivered."),
    ("work", "Rain from noon; indoor painting instead."),
)
SPOT_CHECKS: Final = (
    "All in vests, briefing sheet signed, tools counted.",
    "Good pace of work. One person late, dealt with properly.",
    "First-aid box short of plasters; replaced the same day.",
)
