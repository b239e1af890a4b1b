"""How many people the contact centre needs: from recorded calls and messages, by the planner of the centres."""

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from huduma.contexts.inbox import public as inbox
from huduma.contexts.inbox.models import Call, Conversation, Message
from huduma.contexts.inbox.operations import distribute, end_presences
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import ANONYMOUS, SYSTEM, NotFound, NotPermitted
from huduma.foundation.worktime.public import NAIROBI

pytestmark = pytest.mark.django_db


def conversation(number, at, language="sw", channel="phone"):
    return Conversation.objects.create(
        reference=f"HC{number:09}", channel=channel, address=f"+2547{number:08}", language=language, state="open",
        waiting_since=at, due_at=at, opened_at=at, last_at=at,
    )  # fmt: skip


def call(number, at, *, waited=10, talked=200, how="answered", language="sw"):
    answered = at + timedelta(seconds=waited) if how == "answered" else None
    return Call.objects.create(
        session_id=f"s{number}", conversation=conversation(number, at, language), direction="in", phone="+254700000009",
        started_at=at, answered_at=answered, ended_at=at + timedelta(seconds=waited + (talked if answered else 0)), how=how,
        seconds=talked if answered else 0,
    )  # fmt: skip


@pytest.fixture
def morning(now):
    """Returns a moment in the half hour from nine of the same weekday, so many weeks before `now`'s; 0 is that day itself."""
    return lambda weeks: datetime.combine(timezone.localdate(now) - timedelta(weeks=weeks), time(9), NAIROBI)


@pytest.fixture
def history(staff, morning):
    """Three earlier days: each with ten calls in one half hour, of which one hung up, and four letters answered by one person."""
    writer, number = staff(), 0
    for week in (1, 2, 3):
        for n in range(10):
            number += 1
            how = "missed" if n == 9 else "answered"
            call(number, morning(week) + timedelta(minutes=n), how=how, language="en" if n < 3 else "sw")
        for n in range(4):
            number += 1
            at = morning(week) + timedelta(minutes=n)
            talk = conversation(number, at, channel="email")
            for side, account in (("customer", None), ("staff", writer.account_id)):
                Message.objects.create(
                    conversation=talk, at=at, side=side, channel="email", text="x", account_id=account
                )
    return writer


def test_a_day_is_expected_from_recorded_calls_and_measured_times(history, now):
    plan = inbox.staffing_for(history, timezone.localdate(now) + timedelta(weeks=1), now=now)
    nine = next(half for half in plan.halves if half.clock == "09:00")
    assert plan.days_known == 3
    assert nine.expected.people == pytest.approx(10)
    assert sum(half.expected.people for half in plan.halves) == pytest.approx(10)
    assert [(code, round(calls), there) for code, calls, there in plan.languages] == [("en", 3, 1), ("sw", 7, 1)]
    assert plan.measured.talk == 200
    assert plan.measured.patience == 100  # ten callers waited ten seconds, one of them gave up
    # 10 calls of 200 s in 1800 s are 1.11 erlangs: 3 people take 90 % within 20 s, 2 take 64 %.
    assert (nine.needed, nine.counters, nine.short) == (3, 1, 2)
    assert plan.measured.pace == 4
    assert plan.written == pytest.approx(4)
    assert plan.writers == pytest.approx(1 / len(plan.halves))


def test_nothing_recorded_is_nothing_expected(staff, now):
    plan = inbox.staffing_for(staff(), timezone.localdate(now) + timedelta(days=1), now=now)
    assert (plan.days_known, sum(half.expected.people for half in plan.halves)) == (0, 0)
    assert plan.measured.talk is None


def test_what_came_today_moves_what_is_still_expected(history, morning, now):
    noon = morning(0) + timedelta(hours=3)
    for number in range(200, 230):
        call(number, morning(0) + timedelta(minutes=number - 200))
    plan = inbox.staffing_for(history, noon.date(), now=noon)
    assert plan.came == {18: 30}
    assert plan.so_far == pytest.approx((30 + 20) / (10 + 20))
    late = inbox.staffing_for(history, noon.date(), now=morning(0))
    nine = next(half for half in late.halves if half.clock == "09:00")
    assert nine.expected.people == pytest.approx(10 * late.so_far)  # nothing is over yet: as expected
    assert late.so_far == 1


def test_shifts_say_who_is_there_and_what_if_adds_to_it(history, staff, now):
    boss, day = staff("Wairimu", "secretariat"), timezone.localdate(now) + timedelta(weeks=1)
    start = datetime.combine(day, time(8), NAIROBI)
    inbox.plan_shift(
        actor=boss, account_id=history.account_id, starts_at=start, ends_at=start + timedelta(hours=2), now=now
    )
    plan = inbox.staffing_for(boss, day, now=now)
    assert plan.is_rostered
    there = {half.clock: half.counters for half in plan.halves}
    assert (there["08:00"], there["09:30"], there["10:00"]) == (1, 1, 0)
    more = inbox.staffing_for(boss, day, now=now, more=2, percent=200)
    assert next(half for half in more.halves if half.clock == "09:00").expected.people == pytest.approx(20)
    assert next(half for half in more.halves if half.clock == "10:00").counters == 2
    (member,) = [one for one in inbox.team_for(boss, day) if one.account_id == history.account_id]
    assert member.shifts == ((start, start + timedelta(hours=2)),)


def test_only_those_who_plan_the_contact_centre_change_it(staff, now):
    agent, other = staff(), staff("Otieno", "supervisor", "CRS")
    for actor in (agent, other):
        with pytest.raises(NotPermitted):
            inbox.team_for(actor, timezone.localdate(now))
        with pytest.raises(NotPermitted):
            inbox.set_abilities(actor=actor, account_id=agent.account_id, languages=["en"], services=[], now=now)
    with pytest.raises(NotPermitted):
        inbox.staffing_for(other, timezone.localdate(now), now=now)
    workforce.post_staff(
        actor=SYSTEM, account_id=other.account_id, place_code=workforce.CONTACT_CENTRE, from_on=now.date(), now=now
    )
    inbox.set_abilities(actor=other, account_id=agent.account_id, languages=["en"], services=[], now=now)
    with pytest.raises(NotFound):  # whoever is no agent does not answer there
        inbox.set_abilities(actor=other, account_id=other.account_id, languages=["en"], services=[], now=now)
    with pytest.raises(NotFound):
        inbox.set_abilities(actor=other, account_id=agent.account_id, languages=[], services=["no-such"], now=now)


def test_what_nobody_there_serves_keeps_nothing_else_waiting(staff, now, monkeypatch):
    monkeypatch.setattr("huduma.contexts.inbox.operations.presence.BATCH", 2)
    actor = staff("Baraka")
    workforce.grant_skill(actor=SYSTEM, account_id=actor.account_id, service_code="passport", now=now)
    for number in range(6):
        conversation(number, now)
    Conversation.objects.filter(reference__lt="HC000000005").update(service_code="police-clearance")
    inbox.set_presence(actor=actor, is_there=True, now=now)
    [given] = Conversation.objects.filter(assignee_id=actor.account_id)
    assert given.reference == "HC000000005"


def test_who_forgot_to_say_that_they_went_keeps_nobody_waiting(staff, now):
    gone, there = staff("Baraka"), staff("Neema")
    inbox.set_presence(actor=gone, is_there=True, now=now)
    conversation(1, now)
    distribute(now)
    inbox.set_presence(actor=there, is_there=True, now=now + timedelta(hours=2))
    later = now + timedelta(hours=13)
    assert (end_presences(later), end_presences(later)) == (1, 0)
    distribute(later)
    assert Conversation.objects.get().assignee_id == there.account_id
    assert not inbox.presence_of(gone).is_there


def test_promises_run_in_the_hours_of_the_contact_centre_with_their_pauses(staff, now, settings):
    settings.CONTACT_HOURS = "08:00-12:00 14:00-16:00; 08:00-16:00"
    talk = inbox.write_from_web(actor=ANONYMOUS, text="When do you open?", language="en", now=now)
    local = timezone.localtime(talk.due_at)  # from 10 on Monday: two hours, a pause, two hours
    assert (now.isoweekday(), local.isoweekday(), local.hour, local.minute) == (1, 1, 16, 0)
    late = inbox.write_from_web(actor=ANONYMOUS, text="And on Tuesday?", language="en", now=now + timedelta(hours=5))
    local = timezone.localtime(late.due_at)  # from 15 on Monday: one hour, then three of Tuesday
    assert (local.isoweekday(), local.hour) == (2, 11)
    noon = datetime.combine(now.date(), time(13), NAIROBI)
    assert [inbox.is_open(at) for at in (now, noon, now + timedelta(days=2))] == [True, False, False]
    boss = staff("Wairimu", "secretariat")
    halves = inbox.staffing_for(boss, now.date(), now=now).halves
    assert (halves[0].clock, halves[-1].clock, len(halves)) == ("08:00", "15:30", 16)


def test_work_is_given_by_what_the_workforce_says_they_speak(staff, now):
    boss, english, kiswahili = staff("Wairimu", "secretariat"), staff("Baraka"), staff("Neema")
    for actor, language in ((english, "en"), (kiswahili, "sw")):
        inbox.set_presence(actor=actor, is_there=True, now=now)
        inbox.set_abilities(actor=boss, account_id=actor.account_id, languages=[language], services=[], now=now)
    talks = [conversation(number, now, language) for number, language in enumerate(("en", "en", "sw", "en"))]
    assert distribute(now) == 4
    given = dict(Conversation.objects.values_list("id", "assignee_id"))
    assert [given[one.id] == english.account_id for one in talks] == [True, True, False, True]
