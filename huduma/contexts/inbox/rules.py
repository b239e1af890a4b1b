"""What a message means before anybody read it, how fast each channel is answered, and who is given what. No clock, no database."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from huduma.foundation import references

Unit = Literal["working_days", "hours", "minutes"]


@dataclass(frozen=True)
class Promise:
    """How soon somebody who writes by a channel gets a first answer, in working time."""

    value: int
    unit: Unit


#: The channels by which people come, and the platform's own standard of a first answer (no law sets one: docs/levels-and-clocks.md).
PROMISES: dict[str, Promise] = {
    "phone": Promise(4, "hours"),
    "web": Promise(4, "hours"),
    "sms": Promise(4, "hours"),
    "whatsapp": Promise(4, "hours"),
    "messenger": Promise(4, "hours"),
    "x": Promise(4, "hours"),
    "email": Promise(1, "working_days"),
    "letter": Promise(5, "working_days"),
    "counter": Promise(4, "hours"),
}
CHANNELS: dict[str, Mapping[str, str]] = {
    "phone": {"en": "Telephone", "sw": "Simu"},
    "web": {"en": "Web", "sw": "Tovuti"},
    "sms": {"en": "SMS", "sw": "SMS"},
    "whatsapp": {"en": "WhatsApp", "sw": "WhatsApp"},
    "messenger": {"en": "Facebook Messenger", "sw": "Facebook Messenger"},
    "x": {"en": "X", "sw": "X"},
    "email": {"en": "E-mail", "sw": "Barua pepe"},
    "letter": {"en": "Letter", "sw": "Barua"},
    "counter": {"en": "In person", "sw": "Ana kwa ana"},
}
#: Channels by which a customer is known to a company only, by its own id; it sends our answers.
BY_COMPANY = ("whatsapp", "messenger", "x")
#: Channels in which a message is short, and can be a keyword.
SHORT = ("sms", "whatsapp")
#: With what a conversation ends. The Kiswahili agrees with "mazungumzo".
WRAP_UPS: dict[str, Mapping[str, str]] = {
    "answered": {"en": "Answered", "sw": "Yamejibiwa"},
    "matter": {"en": "Taken down as a matter", "sw": "Yameandikwa kama suala"},
    "referred": {"en": "Sent to the right office", "sw": "Yamepelekwa kwa ofisi inayohusika"},
    "no_answer": {"en": "The customer could not be reached", "sw": "Mteja hakupatikana"},
    "nuisance": {"en": "Advertising, abuse or a wrong number", "sw": "Matangazo, matusi au nambari isiyo sahihi"},
    "silent": {"en": "Nothing more came", "sw": "Hakuna kingine kilichokuja"},
}
#: Those that staff choose; `silent` is the clock's.
CHOSEN = tuple(code for code in WRAP_UPS if code != "silent")
STATES = ("open", "snoozed", "closed")
#: An answered conversation in which nothing more is said ends by itself.
SILENT_AFTER = timedelta(days=7)
#: Within this time after its end a customer who writes again goes on with the same conversation.
GOES_ON_FOR = timedelta(days=3)
#: More new conversations from one sender within an hour, or a day, than these are a flood: they are kept, joined and not acknowledged.
FLOOD_PER_HOUR, FLOOD_PER_DAY = 5, 15
#: How many waiting conversations one member of staff is given at a time.
AT_ONCE = 6
#: Who said longer ago than this that they are there forgot to say that they went.
THERE_FOR = timedelta(hours=12)
#: `planning.SHARE` of the calls are to be taken within so many seconds (the platform's own standard: docs/levels-and-clocks.md).
ANSWER_SECONDS = 20
#: How long a call takes, and how long a caller waits before hanging up, until the contact centre's own calls say it.
TALK_SECONDS, PATIENCE_SECONDS = 240, 120
#: A promised call is tried so often before it counts as failed.
CALL_TRIES = 3
#: Why we call somebody; they can read it.
CALL_PURPOSES: dict[str, Mapping[str, str]] = {
    "callback": {"en": "The call back that we promised", "sw": "Simu tuliyoahidi kuwapigia"},
    "answer": {"en": "To answer what they asked", "sw": "Kujibu walichouliza"},
    "matter": {"en": "About their complaint or request", "sw": "Kuhusu malalamiko au ombi lao"},
    "application": {"en": "About their application", "sw": "Kuhusu maombi yao ya huduma"},
}
#: How a call of ours went.
OUTCOMES: dict[str, Mapping[str, str]] = {
    "reached": {"en": "We spoke with them", "sw": "Tulizungumza nao"},
    "left_word": {"en": "Somebody else answered and will tell them", "sw": "Mtu mwingine alijibu na atawaambia"},
    "no_answer": {"en": "No answer", "sw": "Hawakujibu"},
    "busy": {"en": "The line was busy", "sw": "Laini ilikuwa na shughuli"},
    "wrong_number": {"en": "It is not their number", "sw": "Si nambari yao"},
    "do_not_call": {"en": "They ask not to be called again", "sw": "Wanaomba wasipigiwe tena"},
}
#: Those after which a promised call back is kept: somebody spoke with the customer, or the customer wants no call.
SPOKEN = ("reached", "do_not_call")
#: People are called from this hour until that one, Kenyan time (the platform's own rule: docs/levels-and-clocks.md).
CALLED_FROM, CALLED_UNTIL = 8, 20

Command = Literal["status", "help", "call", "stop", ""]
KEYWORDS: dict[str, Command] = {
    "status": "status", "hali": "status",
    "help": "help", "info": "help", "usaidizi": "help", "msaada": "help",
    "call": "call", "piga": "call", "nipigie": "call",
    "stop": "stop", "acha": "stop",
}  # fmt: skip
IN_KISWAHILI = {"hali", "usaidizi", "msaada", "piga", "nipigie", "acha"}
KISWAHILI = frozenset(
    "na ya wa kwa ni si hii hiyo yangu wangu langu changu habari asante tafadhali nina sina naomba nataka bado lini wapi nini kwani"
    " cheti kitambulisho simu malipo nimelipa nimepata sijapata ombi jambo mimi yenu hujambo shikamoo kuhusu lakini".split()
)
ENGLISH = frozenset(
    "the and is my to of for i you have has not when where what please hello thank thanks how was did do can your with about".split()
)
QUOTED = re.compile(
    r"^\s*(?:On .{5,200} wrote:|-{2,}\s*(?:Original Message|Forwarded message).*|Mnamo .{5,200} aliandika:|From: .+@.+|_{10,})\s*$", re.I
)  # fmt: skip
REFERENCE = re.compile(r"(?<![0-9A-Z])[A-Z]{2}(?:[ -]?[0-9A-Z]{4}){2}[ -]?[0-9A-Z](?![0-9A-Z])", re.I)


#: By which key of the first menu a caller hears how far their request is, and in which language.
STATUS_KEYS = {"2": "sw", "3": "en"}
#: What they are asked then, in that language.
KEY_IT = {
    "sw": "Bonyeza herufi na tarakimu za kumbukumbu iliyo kwenye SMS yetu, kila herufi kwa kitufe chake, kisha alama ya reli.",
    "en": "Key the letters and digits of the reference in our SMS, each letter by the key on which it stands, then the hash key.",
}
#: On which key of a telephone each letter stands (ITU-T E.161).
KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")


def keyed(references: Sequence[str], digits: str) -> str:
    """Return the one of some references that somebody keyed on a telephone, with or without its two first letters; empty where none is."""
    found = {one for one in references if digits in (keys := one.translate(KEYS), keys[2:])}
    return found.pop() if len(found) == 1 else ""


def may_ring(local: datetime) -> bool:
    """Whether people may be called at a moment (local time)."""
    return CALLED_FROM <= local.hour < CALLED_UNTIL


def outcome_of(cause: str) -> str:
    """Return how a call went that nobody answered, from why it ended."""
    return {"busy": "busy", "unknown_number": "wrong_number"}.get(cause, "no_answer")


def read_command(text: str) -> tuple[Command, str]:
    """Return the command that a short message is, and what follows the keyword; an empty command where it is none.

    A reference alone asks for its status; other keywords count only alone, so that "Help, my card is lost" is a message.
    """
    words = text.strip().split(maxsplit=1)
    rest = words[1].strip() if len(words) == 2 else ""
    command = KEYWORDS.get(words[0].strip(".,:;!?#").casefold(), "") if words else ""
    if command == "status":
        return command, rest
    if command and not rest.strip(".!?"):
        return command, ""
    return ("status", text.strip()) if references.normalise(text) else ("", "")


def language_of(text: str) -> str:
    """Return the language that a message seems to be in; Kiswahili where its words do not say."""
    words = re.findall(r"[a-z]+", text.casefold()[:4000])
    if words and words[0] in KEYWORDS:
        return "sw" if words[0] in IN_KISWAHILI else "en"
    english = sum(word in ENGLISH for word in words)
    return "en" if english > sum(word in KISWAHILI for word in words) else "sw"


def own_words(text: str) -> str:
    """Return what somebody wrote in an e-mail, without the quoted message below it."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if QUOTED.match(line):
            lines = lines[:number]
            break
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith(">")):
        lines.pop()
    return "\n".join(lines).strip() or text.strip()


def references_in(text: str) -> list[str]:
    """Return the references that stand in a text, each once, in their order."""
    found = (references.normalise(match) for match in REFERENCE.findall(text[:20_000]))
    return list(dict.fromkeys(one for one in found if one))


@dataclass(frozen=True)
class Free:
    """A member of staff who is there: what they speak and serve, what they have in hand, and when they last got something (seconds)."""

    account_id: UUID
    languages: Collection[str]
    services: Collection[str]
    in_hand: int
    last_given: float


def choose(free: Sequence[Free], *, language: str, service: str) -> Free | None:
    """Return who gets the next conversation: who speaks its language and serves its service, has least in hand, and waited longest.

    Where nobody there speaks the language, anybody who serves the service gets it; somebody without services serves all.
    """
    able = [
        one
        for one in free
        if one.in_hand < AT_ONCE and (not service or not one.services or service in one.services)
    ]  # fmt: skip
    speaking = [one for one in able if language in one.languages]
    return min(speaking or able, key=lambda one: (one.in_hand, one.last_given, one.account_id), default=None)
