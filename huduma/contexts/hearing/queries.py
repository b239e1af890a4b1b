"""Reading what people said: in groups, with how many and how sure, never one by one with a name."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from django.db.models import Avg, Count, Q, QuerySet

from huduma.contexts.hearing import rules
from huduma.contexts.hearing.models import Question
from huduma.foundation import links
from huduma.foundation.access import Actor, NotFound, NotPermitted

By = Literal["service_code", "centre_code", "county_code", "channel", "body_code", "kind"]
GROUPINGS: tuple[By, ...] = ("service_code", "centre_code", "county_code", "channel", "body_code", "kind")
LINK = "hearing.question"
EVERYTHING = ("secretariat", "agent")
OWN_BODY = ("supervisor", "focal", "accounting_officer")


@dataclass(frozen=True)
class Heard:
    """What a group said: how many were asked and answered, the mean mark, and the share of the satisfied (4 or 5).

    `mean` and `satisfied` are None where fewer than `rules.LEAST` answered.
    """

    group: str
    asked: int
    answered: int
    mean: float | None
    satisfied: rules.Share | None


def get_question(token: str) -> Question:
    """Return a question by the token of its link. Raises NotFound."""
    question_id = links.thing_of(LINK, token)
    found = Question.objects.filter(id=question_id).first() if question_id else None
    if found is None:
        raise NotFound
    return found


def token_of(question_id: UUID) -> str:
    """Return the token of a question's link."""
    return links.token(LINK, question_id)


def list_heard_for(actor: Actor, *, by: By, since: date, until: date) -> list[Heard]:
    """Return what was said in a span (`since` inclusive, `until` exclusive), by group, in the order of the groups' codes.

    In that order and no other: groups whose intervals overlap do not differ. Raises NotPermitted.
    """
    rows = (
        _in_span(actor, since, until)
        .exclude(**{by: ""})
        .values(by)
        .annotate(
            asked=Count("id"),
            answered=Count("mark"),
            mean=Avg("mark"),
            satisfied=Count("id", filter=Q(mark__gte=rules.SATISFIED)),
        )
        .order_by(by)
    )
    return [
        Heard(row[by], row["asked"], row["answered"], row["mean"], rules.share_of(row["satisfied"], row["answered"]))
        if row["answered"] >= rules.LEAST
        else Heard(row[by], row["asked"], row["answered"], None, None)
        for row in rows
    ]


def list_words_for(actor: Actor, *, since: date, until: date) -> list[Question]:
    """Return the latest free words, with mark and service, where enough people answered in the span. Raises NotPermitted."""
    answered = _in_span(actor, since, until).filter(mark__isnull=False)
    if answered.count() < rules.LEAST:
        return []
    return list(answered.exclude(word="").order_by("-answered_on", "digest")[:50])  # of one day in no order of time


def _in_span(actor: Actor, since: date, until: date) -> "QuerySet[Question]":
    questions = Question.objects.filter(asked_at__date__gte=since, asked_at__date__lt=until)
    if actor.has_role(*EVERYTHING):
        return questions
    bodies = {grant.body_code for grant in actor.grants if grant.role in OWN_BODY and grant.body_code}
    if not bodies:
        raise NotPermitted
    return questions.filter(body_code__in=bodies)
