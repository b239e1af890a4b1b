"""The kinds of matter, their levels and clocks, and which move is legal. No clock, no database.

A matter climbs a ladder: level 1 is the contact centre, level 2 the body's focal person, level 3 its accounting officer or
the Secretariat's compliance officer (policy 3.4); what lies outside (Ombudsman, courts) gets a hand-over file. Each kind says how long
a level may take. Where a law sets the time it is quoted in `law`; where none does, the platform's own standard stands there
(docs/obligations.csv, row OM-03: the Commission on Administrative Justice sets no number, charters promise 7 to 14 days).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

#: `clock_hours` and `days` run by night and on holidays too; the others are working time (huduma.foundation.worktime).
Unit = Literal["clock_hours", "days", "working_days", "hours"]
#: Who answers at a level: roles, and whether the role must be held in the matter's body.
Team = tuple[frozenset[str], bool]

CENTRE: Team = (frozenset({"agent"}), False)
FOCAL: Team = (frozenset({"focal"}), True)
TOP: Team = (frozenset({"accounting_officer", "secretariat"}), True)
COMPLIANCE: Team = (frozenset({"secretariat"}), False)
INTEGRITY: Team = (frozenset({"integrity"}), False)


@dataclass(frozen=True)
class Clock:
    """How long something may take."""

    value: int
    unit: Unit


@dataclass(frozen=True)
class Level:
    """One step of the ladder: 1, 2 or 3, who answers there, and by when."""

    number: int
    team: Team
    clock: Clock


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a customer can bring, and what they may expect.

    `outcomes`: how it can be answered. `reopen_days`: how long after the answer the customer may say no. `appeal`: where it goes
    when the last level did not settle it. `silence`: what the law makes of no answer in time.
    """

    code: str
    name: Mapping[str, str]
    about: Mapping[str, str]
    levels: tuple[Level, ...]
    outcomes: tuple[str, ...]
    reopen_days: int = 30
    appeal: Literal["", "ombudsman", "court", "data_commissioner", "anti_corruption"] = "ombudsman"
    confidential: bool = False
    anonymous: bool = False
    for_customers: bool = True
    silence: Literal["", "refused"] = ""
    extension_days: int = 0
    urgent: Clock | None = None
    law: str = ""

    def level(self, number: int) -> Level:
        """Return a level by its number."""
        return next(level for level in self.levels if level.number == number)

    def above(self, number: int) -> Level | None:
        """Return the next level up, or None from the last."""
        return next((level for level in self.levels if level.number > number), None)


def _days(value: int) -> Clock:
    return Clock(value, "days")


def _working(value: int) -> Clock:
    return Clock(value, "working_days")


KINDS = {
    kind.code: kind
    for kind in (
        Kind(
            code="inquiry",
            name={"en": "A question", "sw": "Swali"},
            about={
                "en": "You want to know something about a service.",
                "sw": "Unataka kujua jambo kuhusu huduma.",
            },
            levels=(Level(1, CENTRE, _working(1)), Level(2, FOCAL, _working(3)), Level(3, TOP, _working(5))),
            outcomes=("answered", "referred"),
        ),
        Kind(
            code="service_request",
            name={"en": "A request for help", "sw": "Ombi la usaidizi"},
            about={
                "en": "Something does not work, or you need a hand with a service.",
                "sw": "Kuna kitu hakifanyi kazi, au unahitaji usaidizi kwa huduma.",
            },
            levels=(Level(1, CENTRE, _working(2)), Level(2, FOCAL, _working(5)), Level(3, TOP, _working(5))),
            outcomes=("done", "referred", "not_possible"),
        ),
        Kind(
            code="complaint",
            name={"en": "A complaint", "sw": "Lalamiko"},
            about={
                "en": "You were treated badly, made to wait, or sent away.",
                "sw": "Ulihudumiwa vibaya, ulicheleweshwa au ulifukuzwa.",
            },
            levels=(Level(1, CENTRE, _working(3)), Level(2, FOCAL, _working(7)), Level(3, TOP, _working(4))),
            outcomes=("upheld", "partly_upheld", "not_upheld"),
        ),
        Kind(
            code="compliment",
            name={"en": "A compliment", "sw": "Pongezi"},
            about={
                "en": "Somebody served you well.",
                "sw": "Mtu alikuhudumia vizuri.",
            },
            levels=(Level(2, FOCAL, _working(5)),),
            outcomes=("noted",),
            appeal="",
        ),
        Kind(
            code="suggestion",
            name={"en": "A suggestion", "sw": "Pendekezo"},
            about={
                "en": "You know how a service could be better.",
                "sw": "Unajua jinsi huduma inavyoweza kuboreshwa.",
            },
            levels=(Level(1, CENTRE, _working(5)), Level(2, FOCAL, _working(10)), Level(3, TOP, _working(5))),
            outcomes=("adopted", "noted"),
            appeal="",
        ),
        Kind(
            code="corruption",
            name={"en": "A report of corruption", "sw": "Ripoti ya ufisadi"},
            about={
                "en": "Somebody asked for a bribe or misused public money. Only a closed team reads it, and you need not give a name.",
                "sw": "Mtu aliomba hongo au alitumia vibaya pesa za umma. Timu maalum pekee ndiyo huisoma, na si lazima utaje jina.",
            },
            levels=(Level(1, INTEGRITY, _working(5)),),
            outcomes=("acted_on", "sent_to_commission", "unfounded"),
            appeal="anti_corruption",
            confidential=True,
            anonymous=True,
            law="Bribery Act, 2016, s.21: those who report are protected",
        ),
        Kind(
            code="dispute",
            name={"en": "A decision that you dispute", "sw": "Uamuzi unaoupinga"},
            about={
                "en": "You want a decision about you to be looked at again.",
                "sw": "Unataka uamuzi uliokuhusu uangaliwe upya.",
            },
            levels=(Level(2, FOCAL, _days(21)), Level(3, TOP, _days(30))),
            outcomes=("set_aside", "changed", "confirmed"),
            appeal="court",
            law="Fair Administrative Action Act, 2015, s.8: a review is determined within 90 days",
        ),
        Kind(
            code="reasons",
            name={"en": "Written reasons for a decision", "sw": "Sababu za uamuzi kwa maandishi"},
            about={
                "en": "You want to know in writing why a decision was made.",
                "sw": "Unataka kujua kwa maandishi kwa nini uamuzi ulifanywa.",
            },
            levels=(Level(2, FOCAL, _days(30)), Level(3, TOP, _days(14))),
            outcomes=("given", "refused"),
            law="Fair Administrative Action Act, 2015, s.6: written reasons within 30 days of the request",
        ),
        Kind(
            code="information",
            name={"en": "Information held by a public body", "sw": "Taarifa zilizo na ofisi ya umma"},
            about={
                "en": "You ask for records or figures under the Access to Information Act.",
                "sw": "Unaomba kumbukumbu au takwimu chini ya Sheria ya Upatikanaji wa Taarifa.",
            },
            levels=(Level(2, FOCAL, _days(21)), Level(3, TOP, _days(14))),
            outcomes=("given", "partly_given", "refused"),
            reopen_days=30,
            silence="refused",
            extension_days=14,
            urgent=Clock(48, "clock_hours"),
            law="Access to Information Act, 2016, s.9: within 21 days, 48 hours where life or liberty is at stake;"
            " no answer counts as refusal; s.14: review within 30 days",
        ),
        Kind(
            code="personal_data",
            name={"en": "Your personal data", "sw": "Data yako binafsi"},
            about={
                "en": "You want to see, correct or delete what is kept about you.",
                "sw": "Unataka kuona, kusahihisha au kufuta kilichohifadhiwa kukuhusu.",
            },
            levels=(Level(2, FOCAL, _days(7)), Level(3, TOP, _days(7))),
            outcomes=("done", "partly_done", "refused"),
            appeal="data_commissioner",
            law="Data Protection (General) Regulations, 2021, r.9 and r.10: access within 7 days, correction within 14",
        ),
        Kind(
            code="exclusion",
            name={"en": "Discrimination or exclusion", "sw": "Ubaguzi au kutengwa"},
            about={
                "en": "You could not be served because of who you are, how you live or what you lack.",
                "sw": "Hukuhudumiwa kwa sababu ya jinsi ulivyo, unavyoishi au usicho nacho.",
            },
            levels=(Level(2, FOCAL, _working(3)), Level(3, COMPLIANCE, _working(5))),
            outcomes=("upheld", "partly_upheld", "not_upheld"),
            law="One-Stop-Shop Government Services Bill, 2021, cl.16: no discrimination, no exclusion",
        ),
        Kind(
            code="ombudsman",
            name={"en": "A notice from the Ombudsman", "sw": "Notisi kutoka kwa Ombudsman"},
            about={
                "en": "The Commission on Administrative Justice asks why somebody was not answered.",
                "sw": "Tume ya Haki ya Utawala inauliza kwa nini mtu hakujibiwa.",
            },
            levels=(Level(3, TOP, _days(14)),),
            outcomes=("reported",),
            appeal="",
            for_customers=False,
            law="Commission on Administrative Justice Regulations, 2013, r.17–18: cause is shown within 14 days",
        ),
    )
}

#: What an answer says of the matter.
OUTCOMES: dict[str, Mapping[str, str]] = {
    "answered": {"en": "Answered", "sw": "Limejibiwa"},
    "referred": {"en": "Sent to the right office", "sw": "Limepelekwa kwa ofisi inayohusika"},
    "done": {"en": "Done", "sw": "Limetekelezwa"},
    "partly_done": {"en": "Partly done", "sw": "Limetekelezwa kwa sehemu"},
    "not_possible": {"en": "Not possible", "sw": "Haliwezekani"},
    "upheld": {"en": "You were right", "sw": "Ulikuwa na haki"},
    "partly_upheld": {"en": "You were right in part", "sw": "Ulikuwa na haki kwa sehemu"},
    "not_upheld": {"en": "We do not agree", "sw": "Hatukubaliani nalo"},
    "noted": {"en": "Noted, with thanks", "sw": "Limepokelewa, kwa shukrani"},
    "adopted": {"en": "Will be done", "sw": "Litatekelezwa"},
    "acted_on": {"en": "Acted on", "sw": "Hatua imechukuliwa"},
    "sent_to_commission": {
        "en": "Sent to the Ethics and Anti-Corruption Commission",
        "sw": "Limepelekwa kwa Tume ya Maadili na Kupambana na Ufisadi",
    },
    "unfounded": {"en": "Nothing was found", "sw": "Hakuna kilichopatikana"},
    "set_aside": {"en": "The decision no longer stands", "sw": "Uamuzi umefutwa"},
    "changed": {"en": "The decision was changed", "sw": "Uamuzi umebadilishwa"},
    "confirmed": {"en": "The decision stands", "sw": "Uamuzi umethibitishwa"},
    "given": {"en": "Given", "sw": "Limekubaliwa"},
    "partly_given": {"en": "Given in part", "sw": "Limekubaliwa kwa sehemu"},
    "refused": {"en": "Refused", "sw": "Limekataliwa"},
    "reported": {"en": "Reported to the Ombudsman", "sw": "Limeripotiwa kwa Ombudsman"},
}
#: Where a matter is. The Kiswahili agrees with "suala".
STATES: dict[str, Mapping[str, str]] = {
    "open": {"en": "Being dealt with", "sw": "Linashughulikiwa"},
    "waiting": {"en": "Waits for your answer", "sw": "Linasubiri jibu lako"},
    "answered": {"en": "Answered", "sw": "Limejibiwa"},
    "closed": {"en": "Settled", "sw": "Limekamilika"},
    "withdrawn": {"en": "Withdrawn", "sw": "Limeondolewa"},
    "outside": {"en": "With an outside authority", "sw": "Liko kwa mamlaka ya nje"},
}
LEVELS: dict[int, Mapping[str, str]] = {
    1: {"en": "Contact centre", "sw": "Kituo cha mawasiliano"},
    2: {"en": "The office concerned", "sw": "Ofisi inayohusika"},
    3: {"en": "Head of the office, with the Secretariat", "sw": "Mkuu wa ofisi, pamoja na Sekretarieti"},
}
#: The authorities outside, and where they stand.
AUTHORITIES: dict[str, Mapping[str, str]] = {
    "ombudsman": {"en": "Commission on Administrative Justice (Ombudsman)", "sw": "Tume ya Haki ya Utawala (Ombudsman)"},
    "court": {"en": "the High Court", "sw": "Mahakama Kuu"},
    "data_commissioner": {"en": "Office of the Data Protection Commissioner", "sw": "Ofisi ya Kamishna wa Ulinzi wa Data"},
    "anti_corruption": {"en": "Ethics and Anti-Corruption Commission", "sw": "Tume ya Maadili na Kupambana na Ufisadi"},
}  # fmt: skip

#: A state's legal next states. `waiting`: the customer is asked for more, and the clock stands still.
MOVES: dict[str, frozenset[str]] = {
    "open": frozenset({"waiting", "answered", "withdrawn", "outside"}),
    "waiting": frozenset({"open", "answered", "withdrawn"}),
    "answered": frozenset({"open", "closed", "outside"}),
    "closed": frozenset({"open", "outside"}),
    "withdrawn": frozenset(),
    "outside": frozenset(),
}
OPEN_STATES = ("open", "waiting")
#: Where a matter may be appealed to, told with the answer of its last level.
OUTSIDE = tuple(AUTHORITIES)
#: An answer is accepted when nobody has said no for so many days.
ACCEPTED_AFTER_DAYS = 14
EXPLANATION_AT_LEAST = 20


def may_move(since: str, to: str) -> bool:
    """Whether a matter may go from one state to another."""
    return to in MOVES[since]


def is_explained(text: str) -> bool:
    """Whether an explanation says something: at least twenty characters and three different words."""
    return len(text.strip()) >= EXPLANATION_AT_LEAST and len({word.lower() for word in text.split()}) >= 3


def clock_of(kind: Kind, level: int, *, is_urgent: bool) -> Clock:
    """Return how long a level has; an urgent matter's own clock wins, where its kind has one."""
    return kind.urgent if is_urgent and kind.urgent else kind.level(level).clock


def reopen_until_days(kind: Kind) -> timedelta:
    """Return for how long after an answer a customer may say no to it."""
    return timedelta(days=kind.reopen_days)


#: What each role sees of a customer on the customer’s page, at most (docs/customer-page.md). A field named nowhere is shown to nobody;
#: a body's staff see of applications, bills and matters those of their body only.
_CASE = frozenset({"name", "id_number", "phone", "language", "applications", "bills", "matters"})
SIGHT: dict[str, frozenset[str]] = {
    "agent": _CASE | {"email", "household", "organisations", "consents", "visits", "messages", "identity"},
    "focal": _CASE,
    "accounting_officer": _CASE - {"phone"},
    "officer": _CASE | {"consents"},
    "supervisor": _CASE | {"consents"},
}
#: What a purpose takes away from that: who checks how a case was handled does not write to the customer.
WITHOUT: dict[str, frozenset[str]] = {
    "call": frozenset(),
    "matter": frozenset(),
    "counter": frozenset(),
    "check": frozenset({"phone", "email", "household", "organisations"}),
}
#: The fields in which a part of the timeline shows.
TIMELINE = {
    "applications": "applications", "documents": "applications", "payments": "bills", "matters": "matters", "visits": "visits",
    "messages": "messages", "identity": "identity", "conversations": "messages",
}  # fmt: skip


def sight(roles: Iterable[str], purpose: str) -> frozenset[str]:
    """Return the fields of a customer that somebody with these roles sees for a purpose."""
    seen: frozenset[str] = frozenset().union(*(SIGHT.get(role, frozenset()) for role in roles))
    return seen - WITHOUT[purpose]
