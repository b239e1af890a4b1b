"""Those who keep the time of cases: they hear where a case rests, and say when it falls due."""

from datetime import timedelta

import pytest

from huduma.contexts.process import public as process
from huduma.contexts.process.models import UNPROMISED, Instance, Task
from huduma.contexts.process.providers import plugs
from huduma.contexts.process.tests.bpmn import END, START, message, user
from huduma.contexts.process.tests.bpmn import process as bpmn
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, NotPermitted
from huduma.foundation.journal import public as journal

pytestmark = pytest.mark.django_db
TWO_STEPS = bpmn(
    START + user("a", "yes", "no:reason") + message("m") + user("b") + END,
    ("start", "a"), ("a", "m"), ("m", "b"), ("b", "end"),
)  # fmt: skip


@pytest.fixture
def told(monkeypatch):
    """What followers heard."""
    heard = []
    monkeypatch.setattr(plugs, "followers", [lambda *, rest, now: heard.append(rest)])
    return heard


@pytest.fixture
def case_id(told, now, actions):
    """A case that waits at its first task."""
    digest = process.define(actor=SYSTEM, bpmn=TWO_STEPS, now=now)
    case_id = ids.uuid7()
    process.start(actor=SYSTEM, case_id=case_id, digest=digest, body_code="CRS", facts={}, due_at=None, now=now)
    return case_id


def test_followers_hear_every_rest_once(case_id, told, now, officer_actor):
    first = Task.objects.get(step="a")
    process.complete_task(actor=officer_actor("CRS"), task_id=first.id, outcome="yes", now=now)
    process.deliver_message(actor=SYSTEM, case_id=case_id, name="go", now=now)
    second = Task.objects.get(step="b")
    process.complete_task(actor=officer_actor("CRS"), task_id=second.id, outcome="done", now=now)
    assert [(rest.run, rest.opened) for rest in told] == [
        ("running", {first.id: "a"}), ("running", {}), ("running", {second.id: "b"}), ("ended", {}),
    ]  # fmt: skip


def test_a_cancelled_case_is_told_too(case_id, told, now):
    process.cancel(actor=SYSTEM, case_id=case_id, now=now)
    assert told[-1].run == "cancelled"


def test_a_law_ends_a_task_without_an_officer(case_id, now, officer_actor):
    assert not process.finish_by_law(actor=SYSTEM, case_id=case_id, outcome="unheard-of", now=now)
    assert process.finish_by_law(actor=SYSTEM, case_id=case_id, outcome="no", now=now)
    task = Task.objects.get(step="a")
    assert (task.state, task.outcome, task.assignee_id) == ("done", "no", None)
    entry = journal.entries_concerning(case_id, acts=["process.task.completed"])[0]
    assert entry.actor_kind == "system"
    assert not process.finish_by_law(actor=SYSTEM, case_id=case_id, outcome="no", now=now)
    assert not process.finish_by_law(actor=SYSTEM, case_id=ids.uuid7(), outcome="no", now=now)


def test_a_new_due_time_reaches_the_worklist(case_id, now, officer_actor):
    due, earlier = now + timedelta(days=3), now + timedelta(days=1)
    task = Task.objects.get(step="a")
    process.reschedule(actor=SYSTEM, cases={case_id: due})
    assert Instance.objects.get(case_id=case_id).due_at == due
    task.refresh_from_db()
    assert (task.due_at, task.sort_at) == (due, due)
    process.reschedule(actor=SYSTEM, cases={case_id: due}, tasks={task.id: earlier})
    task.refresh_from_db()
    assert (task.due_at, task.sort_at) == (earlier, earlier)
    process.reschedule(actor=SYSTEM, cases={case_id: None})
    task.refresh_from_db()
    assert (task.due_at, task.sort_at) == (None, now + UNPROMISED)


def test_only_the_platform_keeps_the_time(case_id, now, officer_actor):
    boss = officer_actor("CRS", "supervisor")
    for act in (
        lambda: process.reschedule(actor=boss, cases={}),
        lambda: process.finish_by_law(actor=boss, case_id=case_id, outcome="no", now=now),
        lambda: process.hold(actor=boss, case_ids=[case_id]),
    ):
        with pytest.raises(NotPermitted):
            act()
