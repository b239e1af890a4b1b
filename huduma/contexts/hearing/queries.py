"""Reading what people said: in groups, with how many and how sure, never one by one with a name."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet, Value

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

    Both are of the answers that are `counted`, whole tens (`rules.LEAST`); None where there are none.
    """

    group: str
    asked: int
    answered: int
    counted: int
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


#: Of each group the answers of earlier days, in whole tens: who reads it today and tomorrow cannot reckon what one person said between.
TOLD = """
WITH asked AS ({asked}),
    said AS (SELECT *, row_number() OVER w AS place, count(*) OVER (PARTITION BY told_by) AS said FROM asked
             WHERE mark IS NOT NULL AND answered_on < %s WINDOW w AS (PARTITION BY told_by ORDER BY answered_on, digest))
"""
GROUPS = f"""{TOLD}
SELECT told_by, count(*), count(mark), coalesce(told.counted, 0), told.mean, coalesce(told.satisfied, 0)
FROM asked LEFT JOIN (
    SELECT told_by, count(*) AS counted, avg(mark)::float AS mean, count(*) FILTER (WHERE mark >= %s) AS satisfied
    FROM said WHERE place <= said.said - said.said %% %s GROUP BY told_by
) told USING (told_by)
GROUP BY told_by, told.counted, told.mean, told.satisfied ORDER BY told_by
"""  # noqa: S608 -- of constants
WORDS = f"""{TOLD}
SELECT id FROM said WHERE place <= said.said - said.said %% %s AND word <> '' ORDER BY answered_on DESC, digest LIMIT 50
"""  # noqa: S608 -- of constants


def list_heard_for(actor: Actor, *, by: By, since: date, until: date, today: date) -> list[Heard]:
    """Return what was said in a span (`since` inclusive, `until` exclusive) before today, by group, in the order of the groups' codes.

    In that order and no other: groups whose intervals overlap do not differ. Raises NotPermitted.
    """
    found = _rows(GROUPS, _in_span(actor, since, until).exclude(**{by: ""}), F(by), today, rules.SATISFIED, rules.LEAST)
    return [
        Heard(group, asked, answered, counted, mean, rules.share_of(satisfied, counted) if counted else None)
        for group, asked, answered, counted, mean, satisfied in found
    ]


def list_words_for(actor: Actor, *, since: date, until: date, today: date) -> list[Question]:
    """Return the latest free words of a span, said before today, with mark and service: ten answers at a time. Raises NotPermitted."""
    found = [row[0] for row in _rows(WORDS, _in_span(actor, since, until), Value(""), today, rules.LEAST)]
    return list(
        Question.objects.filter(id__in=found).order_by("-answered_on", "digest")
    )  # of one day in no order of time


def _rows(query: str, questions: "QuerySet[Question]", by: "F | Value", *more: date | int) -> list[tuple[Any, ...]]:
    asked, values = questions.annotate(told_by=by).order_by().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(query.format(asked=asked), [*values, *more])
        return cursor.fetchall()


def _in_span(actor: Actor, since: date, until: date) -> "QuerySet[Question]":
    questions = Question.objects.filter(asked_at__date__gte=since, asked_at__date__lt=until)
    if actor.has_role(*EVERYTHING):
        return questions
    bodies = {grant.body_code for grant in actor.grants if grant.role in OWN_BODY and grant.body_code}
    if not bodies:
        raise NotPermitted
    return questions.filter(body_code__in=bodies)
