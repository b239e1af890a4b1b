"""The supervisors' page of processes over HTTP: stuck steps, teams, moves; and another body's question."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.contexts.places.models import PublicBody
from huduma.contexts.process import public as process
from huduma.contexts.process.models import Instance, Task
from huduma.contexts.process.providers import plugs
from huduma.contexts.process.tests.bpmn import END, START, node, user
from huduma.contexts.process.tests.bpmn import process as bpmn
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM
from huduma.foundation.sockets import Registry

pytestmark = pytest.mark.django_db


@pytest.fixture
def begin(monkeypatch):
    """Starts a case of a process written here, with a service task that fails until `works` is set."""
    works: list[bool] = []
    registry = Registry("action of a service task")
    monkeypatch.setattr(plugs, "actions", registry)
    monkeypatch.setattr(plugs, "observers", [])
    plugs.register_action("raise-bill", lambda **_: None if works else 1 / 0)

    def start(nodes, *flows):
        now = timezone.now()
        digest = process.define(actor=SYSTEM, bpmn=bpmn(START + END + nodes, *flows), now=now)
        return process.start(
            actor=SYSTEM, case_id=ids.uuid7(), digest=digest, body_code="CRS", facts={}, due_at=None, now=now
        ).case_id

    start.works = works
    return start


@pytest.fixture
def signed_in(enter_desk):
    """Signs an officer of a body in and returns the browser."""

    def sign_in(body, role="officer"):
        PublicBody.objects.get_or_create(
            code=body, defaults={"name_en": body, "name_sw": body, "kind": "department", "level": "national"}
        )
        now = timezone.now()
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{role}@{body.lower()}.example", password="correct-horse-battery", first_name="Afisa",
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
        client = Client()
        enter_desk(client, account)
        return client

    return sign_in


FLOWS = ("start", "a"), ("a", "b"), ("b", "end")
FAILS = node("serviceTask", "a", name="Print the card", h_action="raise-bill") + user("b")


def test_a_stuck_step_is_seen_tried_again_and_skipped_with_a_reason(begin, signed_in):
    begin(FAILS, *FLOWS)
    client = signed_in("CRS", "supervisor")
    page = client.get(reverse("desk:processes"))
    assert "Print the card" in page.content.decode()
    assert "ZeroDivisionError" in page.content.decode()
    task = Task.objects.get(state="open")
    assert "failed again" in client.post(reverse("desk:retry_step", args=[task.id]), follow=True).content.decode()
    task = Task.objects.get(state="open")
    refused = client.post(reverse("desk:skip_step", args=[task.id]), {"reason": ""})
    assert refused.status_code == 422
    assert "Write the reason" in refused.content.decode()
    client.post(reverse("desk:skip_step", args=[task.id]), {"reason": "Printed by hand"})
    assert Task.objects.get(state="open").step == "b"
    assert "Nothing is stuck" in client.get(reverse("desk:processes")).content.decode()


def test_a_stuck_step_that_works_again_goes_on(begin, signed_in):
    case_id = begin(FAILS, *FLOWS)
    client = signed_in("CRS", "supervisor")
    assert "could not be done" in client.get(reverse("desk:case", args=[case_id])).content.decode()
    begin.works.append(True)
    client.post(reverse("desk:retry_step", args=[Task.objects.get(state="open").id]))
    assert [task.step for task in process.open_tasks_of(case_id)] == ["b"]


def test_officers_have_no_business_there(begin, signed_in):
    begin(FAILS, *FLOWS)
    client = signed_in("CRS")
    assert client.get(reverse("desk:processes")).status_code == 403
    assert client.post(reverse("desk:retry_step", args=[Task.objects.get(state="open").id])).status_code == 403


def test_a_team_is_saved(begin, signed_in):
    begin(user("a", team="archive") + user("b"), *FLOWS)
    client = signed_in("CRS", "supervisor")
    page = client.get(reverse("desk:processes")).content.decode()
    assert "archive" in page
    account = page.split('name="member" value="')[1].split('"')[0]
    client.post(reverse("desk:set_team", args=["CRS", "archive"]), {"member": [account]})
    assert {str(member) for member in process.team_members("CRS")["archive"]} == {account}
    assert client.post(reverse("desk:set_team", args=["CRS", "nothing"]), {"member": []}).status_code == 404


def test_the_case_page_draws_where_the_case_is(begin, signed_in):
    case_id = begin(user("a") + user("b"), *FLOWS)
    page = signed_in("CRS").get(reverse("desk:case", args=[case_id])).content.decode()
    assert page.count('class="here"') == 1
    assert 'aria-current="step"' in page


def test_of_two_tasks_of_a_case_the_one_in_the_list_is_opened(begin, signed_in):
    fork = node("parallelGateway", "fork") + node("endEvent", "end2")
    flows = ("start", "fork"), ("fork", "a"), ("fork", "b"), ("a", "end"), ("b", "end2")
    case_id = begin(fork + user("a") + user("b"), *flows)
    client = signed_in("CRS")
    for task in process.open_tasks_of(case_id):
        page = client.get(reverse("desk:case", args=[case_id]), {"task": task.id}).content.decode()
        assert f'name="task" value="{task.id}"' in page
    assert Instance.objects.get(case_id=case_id).run == "running"


def test_a_step_for_another_person_says_so_instead_of_offering_it(begin, signed_in):
    case_id = begin(user("a") + user("b", separate_from="a"), *FLOWS)
    client = signed_in("CRS")
    task = process.open_tasks_of(case_id)[0]
    client.post(reverse("desk:decide", args=[case_id]), {"task": task.id, "outcome": "done"})
    page = client.get(reverse("desk:case", args=[case_id])).content.decode()
    assert "you did the other step" in page
    assert "Take this case" not in page
    second = process.open_tasks_of(case_id)[0]
    refused = client.post(reverse("desk:claim", args=[case_id]), {"task": second.id}, follow=True)
    assert "Leave it to a colleague" in refused.content.decode()
