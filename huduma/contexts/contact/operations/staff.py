"""What staff do with a matter: take it, ask, route, escalate, extend, answer, and treat the trouble of many as one."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from huduma.contexts.contact import events, queries, rules
from huduma.contexts.contact.models import CaseAccess, Matter, Problem, Remark
from huduma.contexts.contact.operations.clocks import climb, due_at, pause
from huduma.contexts.contact.operations.customers import ReasonNeeded, say, written
from huduma.contexts.identity import public as identity
from huduma.contexts.places import public as places
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

LONGEST_ACCESS = timedelta(days=7)


class TakenByColleague(Refusal):
    """A colleague is working on this. Choose another one, or ask them to give it back."""


class NotOpen(Refusal):
    """This matter is not open any more. Open its page again to see what happened."""


class NotExplained(Refusal):
    """Explain the answer in at least a sentence: what you found, what was done, and why."""


class NoSuchOutcome(Refusal):
    """This kind of matter cannot be answered that way. Choose one of the outcomes on the page."""


class CannotExtend(Refusal):
    """The time of this matter cannot be extended: the law allows it once, for requests for information only."""


class NoLevelAbove(Refusal):
    """This is the last level. It must be answered here."""


class AnotherBody(Refusal):
    """Only matters of one body can follow the same problem."""


class AboutOneself(Refusal):
    """This is about you, or was brought by you. A colleague has to work on it."""


class CannotHandOver(Refusal):
    """This colleague does not work on the level where the matter is. Choose somebody from the list."""


@transaction.atomic
def claim(*, actor: Actor, matter_id: UUID, now: datetime) -> Matter:
    """Take a matter; taking one's own again changes nothing. Raises NotFound, NotPermitted, NotOpen, AboutOneself, TakenByColleague."""
    matter = _lock(actor, matter_id)
    if matter.assignee_id == actor.account_id:
        return matter
    if matter.assignee_id is not None:
        raise TakenByColleague
    return _assign(actor, matter, actor.account_id, "claimed", now)


@transaction.atomic
def release(*, actor: Actor, matter_id: UUID, now: datetime) -> Matter:
    """Give a matter back to its team. Raises NotFound, NotPermitted, NotOpen, TakenByColleague."""
    matter = _lock(actor, matter_id)
    if matter.assignee_id is None:
        return matter
    if matter.assignee_id != actor.account_id:
        raise TakenByColleague
    return _assign(actor, matter, None, "released", now)


@transaction.atomic
def hand_over(*, actor: Actor, matter_id: UUID, to_account_id: UUID, now: datetime) -> Matter:
    """Hand a matter to a colleague of its level. Raises NotFound, NotPermitted, NotOpen, CannotHandOver."""
    matter = _lock(actor, matter_id)
    if to_account_id not in {one.account_id for one in colleagues_of(matter)}:
        raise CannotHandOver
    return _assign(actor, matter, to_account_id, "handed over", now)


def colleagues_of(matter: Matter) -> list[identity.Colleague]:
    """Return who answers at the level where a matter is, but for whom it is about."""
    roles, in_body = matter.rules.level(matter.level).team
    team = identity.list_staff(roles=roles, body_code=matter.body_id if in_body else None)
    officer_id = queries.officer_of(matter)
    return [one for one in team if one.account_id != officer_id]


def _assign(actor: Actor, matter: Matter, account_id: UUID | None, how: str, now: datetime) -> Matter:
    matter.assignee_id = account_id
    matter.save(update_fields=["assignee_id"])
    event = events.MatterAssigned(matter_id=matter.id, person_id=matter.person_id, account_id=account_id, how=how)
    journal.record(actor=actor, event=event, now=now)
    return matter


def _lock(actor: Actor, matter_id: UUID) -> Matter:
    """Return an open matter on whose level the actor answers, locked; nobody answers what they brought, or what was said of them."""
    matter = Matter.objects.select_for_update().filter(id=matter_id).first()
    if matter is None or not queries.may_read(actor, matter):
        raise NotFound
    if not queries.may_work(actor, matter):
        raise NotPermitted
    if not matter.is_open:
        raise NotOpen
    about = {matter.person_id, queries.officer_of(matter)} - {None}
    if about & {actor.person_id, actor.account_id}:
        raise AboutOneself
    return matter


@transaction.atomic
def note(*, actor: Actor, matter_id: UUID, text: str, now: datetime) -> Remark:
    """Write a note that only staff see; every level that may read the matter may write one. Raises NotFound, NothingSaid."""
    matter = Matter.objects.select_for_update().filter(id=matter_id).first()
    if matter is None or not queries.may_read(actor, matter):
        raise NotFound
    return say(actor, matter, "internal", text, now)


@transaction.atomic
def tell_customer(*, actor: Actor, matter_id: UUID, text: str, now: datetime, ask: bool = False) -> Remark:
    """Write to the customer. With `ask`, the clock stands still until they answer. Raises as `claim`, NothingSaid."""
    matter = _lock(actor, matter_id)
    remark = say(actor, matter, "staff", text, now)
    if ask and matter.state == "open":
        pause(matter, now)
        event = events.MatterPaused(matter_id=matter.id, person_id=matter.person_id)
        journal.record(actor=actor, event=event, now=now)
    return remark


@transaction.atomic
def route(*, actor: Actor, matter_id: UUID, body_code: str, reason: str, now: datetime, kind: str = "") -> Matter:
    """Give a matter to the right body, or make it of the right kind; the level's clock does not start anew.

    Another kind has its own time, counted from when the matter came to the level where it is. A confidential kind stays confidential.
    Raises as `claim`, ReasonNeeded.
    """
    matter = _lock(actor, matter_id)
    if not reason.strip():
        raise ReasonNeeded
    body = places.get_body(body_code)
    new = rules.KINDS.get(kind or matter.kind)
    if new is None or (matter.rules.confidential and not new.confidential):
        raise NotFound
    levels = {level.number for level in new.levels}
    is_other = new.code != matter.kind
    matter.body_id, matter.kind, matter.assignee_id = body.code, new.code, None
    if matter.level not in levels:
        matter.level = min((number for number in levels if number > matter.level), default=max(levels))
    if is_other:
        matter.is_urgent = matter.is_urgent and new.urgent is not None
        clock = rules.clock_of(new, matter.level, is_urgent=matter.is_urgent)
        matter.due_at, matter.is_extended, matter.overdue_told_at = due_at(clock, matter.level_at), False, None
    matter.save(
        update_fields=[
            "body_id",
            "kind",
            "assignee_id",
            "level",
            "is_urgent",
            "due_at",
            "is_extended",
            "overdue_told_at",
        ]
    )
    event = events.MatterRouted(
        matter_id=matter.id, person_id=matter.person_id, body_code=body.code, kind=new.code, reason=reason.strip()[:1000]
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    return matter


@transaction.atomic
def escalate(*, actor: Actor, matter_id: UUID, reason: str, now: datetime) -> Matter:
    """Send a matter one level up. Raises as `claim`, NoLevelAbove, ReasonNeeded."""
    matter = _lock(actor, matter_id)
    above = matter.rules.above(matter.level)
    if above is None:
        raise NoLevelAbove
    if not reason.strip():
        raise ReasonNeeded
    say(actor, matter, "internal", reason, now)
    climb(actor, matter, above, "staff", now)
    return matter


@transaction.atomic
def extend(*, actor: Actor, matter_id: UUID, reason: str, now: datetime) -> Matter:
    """Extend the time once, where the law allows it; the customer is told why. Raises as `claim`, CannotExtend, ReasonNeeded."""
    matter = _lock(actor, matter_id)
    if not matter.rules.extension_days or matter.is_extended or matter.due_at < now:
        raise CannotExtend
    if not rules.is_explained(reason):
        raise ReasonNeeded
    matter.due_at += timedelta(days=matter.rules.extension_days)
    matter.is_extended = True
    matter.save(update_fields=["due_at", "is_extended"])
    event = events.MatterExtended(
        matter_id=matter.id, person_id=matter.person_id, due_at=matter.due_at.isoformat(), reason=reason.strip()[:1000]
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    return matter


@transaction.atomic
def answer(*, actor: Actor, matter_id: UUID, outcome: str, text: str, now: datetime) -> Matter:
    """Answer a matter, with an outcome of its kind and an explanation. It is always dated now.

    Raises as `claim`, TakenByColleague, NoSuchOutcome, NotExplained, TooLong.
    """
    matter = _lock(actor, matter_id)
    if matter.assignee_id not in (None, actor.account_id):
        raise TakenByColleague
    if outcome not in matter.rules.outcomes:
        raise NoSuchOutcome
    if not rules.is_explained(text):
        raise NotExplained
    return _answer(actor, matter, outcome, written(text), now)


def _answer(actor: Actor, matter: Matter, outcome: str, text: str, now: datetime) -> Matter:
    matter.state, matter.outcome, matter.answer, matter.answered_at = "answered", outcome, text.strip(), now
    matter.paused_at, matter.assignee_id = None, matter.assignee_id or actor.account_id
    matter.save(update_fields=["state", "outcome", "answer", "answered_at", "paused_at", "assignee_id"])
    event = events.MatterAnswered(matter_id=matter.id, person_id=matter.person_id, outcome=outcome, level=matter.level)
    journal.record(actor=actor, event=event, now=now)
    return matter


@transaction.atomic
def join_problem(
    *, actor: Actor, matter_id: UUID, now: datetime, problem_id: UUID | None = None, title: str = ""
) -> Problem:
    """Let a matter follow a common problem of its body: a known one, or a new one with this title.

    Raises as `claim`, ReasonNeeded (no title), AnotherBody.
    """
    matter = _lock(actor, matter_id)
    if matter.body_id is None:
        raise AnotherBody
    if problem_id is not None:
        problem = Problem.objects.filter(id=problem_id, solved_at=None).first()
        if problem is None:
            raise NotFound
        if problem.body_code != matter.body_id:
            raise AnotherBody
    else:
        if not title.strip():
            raise ReasonNeeded
        problem = Problem.objects.create(
            reference=references.mint("HX"), title=title.strip()[:200], body_code=matter.body_id, opened_at=now
        )
    matter.problem = problem
    matter.save(update_fields=["problem"])
    event = events.MatterJoined(matter_id=matter.id, person_id=matter.person_id, problem_id=problem.id)
    journal.record(actor=actor, event=event, now=now)
    return problem


@transaction.atomic
def leave_problem(*, actor: Actor, matter_id: UUID, now: datetime) -> Matter:
    """Let a matter be its own again. Raises as `claim`."""
    matter = _lock(actor, matter_id)
    if matter.problem_id is not None:
        matter.problem = None
        matter.save(update_fields=["problem"])
        event = events.MatterJoined(matter_id=matter.id, person_id=matter.person_id, problem_id=None)
        journal.record(actor=actor, event=event, now=now)
    return matter


@transaction.atomic
def solve_problem(*, actor: Actor, problem_id: UUID, text: str, now: datetime) -> int:
    """Answer everything that follows a problem and that the actor may answer, in the best outcome of each kind; returns how many.

    Raises NotFound, NotPermitted (nothing of it is on the actor's level), NotExplained.
    """
    problem = Problem.objects.select_for_update().filter(id=problem_id).first()
    if problem is None:
        raise NotFound
    followers = Matter.objects.select_for_update().filter(problem=problem, state__in=rules.OPEN_STATES).order_by("id")
    own = [matter for matter in followers if queries.may_work(actor, matter)]
    if not own:
        raise NotPermitted
    if not rules.is_explained(text):
        raise NotExplained
    for matter in own:
        _answer(actor, matter, matter.rules.outcomes[0], text, now)
    problem.solved_at = now
    problem.save(update_fields=["solved_at"])
    journal.record(actor=actor, event=events.ProblemSolved(problem_id=problem.id, followers=len(own)), now=now)
    return len(own)


@transaction.atomic
def grant_case_access(
    *, actor: Actor, matter_id: UUID, account_id: UUID, hours: int, reason: str, now: datetime
) -> CaseAccess:
    """Let a colleague of the matter's body see the application it is about, for some hours; the customer sees who and why.

    Raises as `claim`, NotFound (about no application), CannotHandOver, ReasonNeeded.
    """
    matter = _lock(actor, matter_id)
    if matter.about_kind != "application" or matter.about_id is None:
        raise NotFound
    if actor.account_id is None or account_id not in {one.account_id for one in colleagues_of(matter)}:
        raise CannotHandOver
    if not rules.is_explained(reason):
        raise ReasonNeeded
    until = now + min(timedelta(hours=max(1, hours)), LONGEST_ACCESS)
    access = CaseAccess.objects.create(
        matter=matter, account_id=account_id, granted_by=actor.account_id, reason=reason.strip()[:1000], until_at=until
    )
    event = events.CaseAccessGranted(
        matter_id=matter.id, person_id=matter.person_id, account_id=account_id, application_id=matter.about_id,
        until_at=until.isoformat(), reason=access.reason,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    return access
