"""Asking once how it went, taking the answer, forgetting who gave it, and seeing to it where it was bad."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.hearing import events, queries, rules
from huduma.contexts.hearing.models import Question
from huduma.contexts.inbox import public as inbox
from huduma.contexts.messages import public as messages
from huduma.foundation import ids
from huduma.foundation.access import ANONYMOUS, SYSTEM, Refusal
from huduma.foundation.journal import public as journal

WORD_LIMIT = 1000
ASK = gettext_noop(
    "Huduma: how were you served? Answer with 1 (very bad) to 5 (very good) and a word if you like, or here: %(link)s"
)
SUBJECT = gettext_noop("How were you served?")
THANKS = gettext_noop("Huduma: thank you. Whoever served you does not learn who said it.")
SORRY = gettext_noop("Huduma: we are sorry, and look into it. If we may call you about it, send CALL.")
BAD = gettext_noop("Somebody was served badly: %(mark)s of 5")


class MarkNeeded(Refusal):
    """Choose one of the five answers."""


class AnsweredBefore(Refusal):
    """You answered this already. Thank you."""


class Over(Refusal):
    """This question was open for two weeks and is over now. You can still write to us."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """What ended, for whom it ended and where: all that a question may know."""

    kind: Literal["application", "ticket", "matter", "conversation"]
    about_id: UUID
    phone: str
    email: str
    language: str
    service_code: str = ""
    centre_code: str = ""
    county_code: str = ""
    body_code: str = ""
    channel: str = ""


@transaction.atomic
def ask(served: Served, *, now: datetime) -> Question | None:
    """Ask somebody once about one thing, and nobody more often than once in a week; None where nobody is asked."""
    reached = Q(phone=served.phone) if served.phone else Q(email=served.email) if served.email else None
    digest = sha256(f"{settings.SECRET_KEY}:hearing:{served.kind}:{served.about_id}".encode()).hexdigest()
    if reached is None or Question.objects.filter(digest=digest).exists():
        return None
    if Question.objects.filter(reached, asked_at__gte=now - rules.REST).exists():
        return None
    facts = {name: value for name, value in vars(served).items() if name != "about_id"}
    facts["email"] = "" if served.phone else served.email
    question = Question.objects.create(digest=digest, asked_at=now, **facts)
    journal.record(actor=SYSTEM, event=events.Asked(question_id=question.id, kind=question.kind), now=now)
    with override(question.language):
        link = f"{settings.PUBLIC_URL}/{question.language}/how/{queries.token_of(question.id)}/"
        common: dict[str, Any] = {
            "actor": SYSTEM, "kind": "hearing.question", "language": question.language, "text": gettext(ASK) % {"link": link},
            "dedupe_key": f"hearing:{ids.uuid7()}", "now": now, "secret": True,
        }  # fmt: skip
        if question.phone:
            messages.send(to_phone=question.phone, **common)
        else:
            messages.send(to_email=question.email, subject=gettext(SUBJECT), **common)
    return question


@transaction.atomic
def answer(*, token: str, mark: int | None, word: str, may_call: bool, now: datetime) -> Question:
    """Take an answer from the page. Raises NotFound, MarkNeeded, AnsweredBefore, Over.

    A low mark opens a conversation at the contact centre: with number or address only where `may_call`.
    """
    question = Question.objects.select_for_update().get(id=queries.get_question(token).id)
    if question.mark is not None:
        raise AnsweredBefore
    if now - question.asked_at > rules.OPEN_FOR:
        raise Over
    if mark not in rules.MARKS:
        raise MarkNeeded
    return _take(question, mark, word, may_call=may_call, now=now)


def hear_sms(*, phone: str, text: str, now: datetime) -> str | None:
    """Take an SMS as the answer to the question that waits at this number; None where it is no answer, or none waits."""
    reply = rules.read_reply(text)
    if reply is None:
        return None
    waiting = Question.objects.select_for_update().filter(phone=phone, mark=None, asked_at__gte=now - rules.OPEN_FOR)
    question = waiting.order_by("-asked_at").first()
    if question is None:
        return None
    _take(question, reply[0], reply[1], may_call=False, now=now)
    with override(question.language):
        return gettext(SORRY if reply[0] <= rules.LOW else THANKS)


def _take(question: Question, mark: int, word: str, *, may_call: bool, now: datetime) -> Question:
    phone, email = question.phone, question.email
    question.mark, question.word, question.answered_on = mark, word.strip()[:WORD_LIMIT], timezone.localdate(now)
    question.phone = question.email = ""
    question.save()
    is_low = mark <= rules.LOW
    journal.record(actor=ANONYMOUS, event=events.Answered(question_id=question.id, is_low=is_low), now=now)
    if is_low:
        _follow_up(question, phone if may_call else "", email if may_call else "", now)
    return question


def _follow_up(question: Question, phone: str, email: str, now: datetime) -> None:
    with override(question.language):
        first = gettext(BAD) % {"mark": question.mark}
    where = ", ".join(filter(None, (question.service_code, question.centre_code, question.channel)))
    text = "\n".join(filter(None, (first, where, question.word)))
    inbox.write_from_web(actor=ANONYMOUS, text=text, language=question.language, phone=phone, email=email, now=now)


@transaction.atomic
def forget(now: datetime) -> int:
    """Forget numbers and addresses of questions that nobody answered in time; returns how many."""
    over = Question.objects.filter(asked_at__lt=now - rules.OPEN_FOR).exclude(phone="", email="")
    return over.update(phone="", email="")
