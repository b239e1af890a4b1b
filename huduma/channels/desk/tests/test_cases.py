"""The desk's pages: what officers see, what they can do, and what happens to their typing."""

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.contact import public as contact
from huduma.contexts.contact.models import Matter
from huduma.contexts.identity import public as identity
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.contexts.process.models import Task
from huduma.contexts.process.providers import plugs
from huduma.foundation import ids, references
from huduma.foundation.access import ANONYMOUS, SYSTEM
from huduma.foundation.journal import public as journal
from huduma.foundation.sockets import Registry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _actions(monkeypatch):
    registry = Registry("action of a service task")
    for name in ("raise-bill", "issue-credential"):
        registry.register(name, plugs.Service(lambda **_: None, None, {}, {}))
    monkeypatch.setattr(plugs, "actions", registry)
    monkeypatch.setattr(plugs, "observers", [])


@pytest.fixture
def case():
    """A paid birth certificate under review: returns the case's id."""
    now, case_id = timezone.now(), ids.uuid7()
    text = (settings.SERVICES_DIR / "birth-cert-current" / "process.bpmn").read_text()
    digest = process.define(actor=SYSTEM, bpmn=text, now=now)
    process.start(
        actor=SYSTEM, case_id=case_id, digest=digest, body_code="CRS", service_code="birth-cert-current", facts={},
        due_at=now, now=now,
    )  # fmt: skip
    process.deliver_message(actor=SYSTEM, case_id=case_id, name="bill-settled", now=now)
    return case_id


def task_of(case_id):
    return Task.objects.get(case_id=case_id, kind="user", state="open")


def page(case_id, act=""):
    return f"/en/desk/cases/{case_id}/{act}"


def test_the_list_in_both_languages(client, staff, case, enter_desk):
    enter_desk(client, staff("Neema"))
    answer = client.get("/en/desk/")
    assert b"Review the application" in answer.content
    assert b"Late" in answer.content
    assert page(case) in answer.content.decode()
    assert b"Kagua ombi" in client.get("/sw/desk/?view=late").content
    assert b"Nothing waits here" in client.get("/en/desk/?view=mine").content
    assert b"Nothing waits here" in client.get("/en/desk/?service=county-sbp").content
    assert client.get("/en/desk/?view=x&after=y").status_code == 200


def test_a_citizen_a_stranger_and_an_officer_of_another_body_are_refused(client, staff, case, enter_desk):
    assert client.get("/en/desk/").url.startswith("/en/desk/sign-in/")
    enter_desk(client, staff("Otieno", body="DCI"))
    assert client.get(page(case)).status_code == 403
    for act in ("claim/", "decision/", "release/", "reassign/"):
        answer = client.post(page(case, act), {"task": task_of(case).id, "outcome": "approve", "to": ids.uuid7()})
        assert answer.status_code == 403
    assert client.get(page(ids.uuid7())).status_code == 404
    assert client.post(page(case, "claim/"), {"task": "x"}).status_code == 404
    assert task_of(case).assignee_id is None


def test_taking_deciding_and_what_is_told_afterwards(client, staff, case, enter_desk):
    officer = staff("Neema")
    enter_desk(client, officer)
    task = task_of(case)
    client.post(page(case, "claim/"), {"task": task.id})
    version = process.Instance.objects.get(case_id=case).version
    form = {"task": task.id, "version": version, "outcome": "send_back", "note": ""}
    answer = client.post(page(case, "decision/"), form)
    assert answer.status_code == 422
    assert b'href="#note"' in answer.content
    assert b'value="send_back" checked' in answer.content
    form["note"] = "The <b>name</b> differs"
    assert client.post(page(case, "decision/"), form).status_code == 302
    shown = client.get(page(case)).content.decode()
    assert "The &lt;b&gt;name&lt;/b&gt; differs" in shown
    assert "Neema Mfano" in shown
    assert "waits for the applicant" in shown
    again = client.post(page(case, "decision/"), form, follow=True)
    assert b"finished already" in again.content
    assert "process.task.completed" in [e.act for e in journal.entries_concerning(case)]


def test_a_stale_page_keeps_what_was_typed(client, staff, case, enter_desk):
    enter_desk(client, staff("Neema"))
    task = task_of(case)
    client.post(page(case, "claim/"), {"task": task.id})
    form = {"task": task.id, "version": 1, "outcome": "reject", "note": "Not born here"}
    answer = client.post(page(case, "decision/"), form)
    assert answer.status_code == 409
    assert b"Not born here" in answer.content
    assert b"has changed since" in answer.content
    assert client.post(page(case, "decision/"), {**form, "outcome": ""}).status_code in (409, 422)


def test_a_colleague_is_told_and_a_supervisor_hands_over(client, staff, case, enter_desk):
    first, second, boss = staff("Neema"), staff("Baraka"), staff("Zawadi", "supervisor")
    task = task_of(case)
    enter_desk(client, first)
    client.post(page(case, "claim/"), {"task": task.id})
    enter_desk(client, second)
    assert b"A colleague is working" in client.post(page(case, "claim/"), {"task": task.id}, follow=True).content
    assert b"Record the decision" not in client.get(page(case)).content
    assert client.post(page(case, "reassign/"), {"task": task.id, "to": second.id}).status_code == 403
    enter_desk(client, boss)
    assert b"Baraka Mfano" in client.get(page(case)).content
    refused = client.post(page(case, "reassign/"), {"task": task.id, "to": ids.uuid7()}, follow=True)
    assert b"Choose somebody from the list" in refused.content
    client.post(page(case, "reassign/"), {"task": task.id, "to": second.id})
    assert task_of(case).assignee_id == second.id
    enter_desk(client, second)
    client.post(page(case, "release/"), {"task": task.id})
    assert task_of(case).assignee_id is None


def test_a_case_that_ended(client, staff, case, django_assert_max_num_queries, enter_desk):
    enter_desk(client, staff("Neema"))
    task = task_of(case)
    client.post(page(case, "decision/"), {"task": task.id, "outcome": "reject", "note": "Not born here"})
    assert b"This case has ended" in client.get(page(case)).content
    with django_assert_max_num_queries(12):
        client.get("/en/desk/")


def test_an_officer_chooses_among_the_services_of_their_own_body(client, staff, enter_desk, monkeypatch):
    places.load_places(actor=SYSTEM)
    offered = [
        catalogue.Service(code=code, name_en=code, name_sw=code, body_id=body)
        for code, body in (("births", "CRS"), ("police", "DCI"))
    ]
    monkeypatch.setattr(catalogue, "list_services", lambda **asked: offered)
    enter_desk(client, staff("Neema"))
    shown = client.get("/en/desk/").content.decode()
    assert 'value="births"' in shown
    assert 'value="police"' not in shown


def test_without_the_token_of_the_form_nothing_is_decided(client, staff, case, enter_desk):
    client.handler.enforce_csrf_checks = True
    enter_desk(client, staff("Neema"))
    assert client.post(page(case, "claim/"), {"task": task_of(case).id}).status_code == 403
    assert task_of(case).assignee_id is None


def test_who_works_on_a_case_sees_that_something_was_brought_about_it(client, staff, case, enter_desk):
    places.load_places(actor=SYSTEM)

    def bring(kind, text):
        matter = contact.open_matter(
            actor=SYSTEM, kind=kind, text=text, language="en", phone="0700000002", body_code="CRS", now=timezone.now()
        )
        Matter.objects.filter(id=matter.id).update(about_kind="application", about_id=case)
        return references.display(matter.reference)

    complaint, report = bring("complaint", "Nobody answers."), bring("corruption", "A bribe was asked.")
    enter_desk(client, staff("Neema"))
    answer = client.get(page(case)).content.decode()
    assert complaint in answer
    assert "Nobody answers." not in answer  # that it exists, and where it is: no more
    assert report not in answer


@pytest.fixture
def abstract(citizen_actor, drain_jobs, monkeypatch):
    """A police abstract under review: its form has a question that is called `items`."""
    monkeypatch.undo()  # what the applications plug in is wanted here
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / "police-abstract", now=timezone.now())
    draft = applications.open_application(actor=citizen_actor, service_code="police-abstract", now=timezone.now())
    draft.answers |= {
        "incident": "loss", "happened_on": "2026-01-05", "county": "047", "station": "Mfano",
        "items": [{"id": "1", "what": "A phone"}], "story": "It fell from a bag.",
    }  # fmt: skip
    draft.save()
    applications.submit(actor=citizen_actor, application_id=draft.id, now=timezone.now())
    drain_jobs()
    draft.refresh_from_db()
    assert draft.status == "in_review"
    return draft


@pytest.fixture
def citizen_actor():
    now = timezone.now()
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="en", now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    return identity.actor_for(identity.Account.objects.get(id=account.id), channel="portal", purpose="self-service")


def test_only_questions_that_were_asked_are_asked_again(client, staff, abstract, enter_desk):
    enter_desk(client, staff("Neema", body=abstract.body_code))
    client.post(page(abstract.id, "claim/"), {"task": task_of(abstract.id).id})
    shown = client.get(page(abstract.id)).content.decode()
    assert "Things that were lost</label>" in shown
    form = {"task": task_of(abstract.id).id, "outcome": "send_back", "note": "Say which phone."}
    for fields, words in (([], "Choose at least one question"), (["items", "zzz"], "was not asked in this case")):
        answer = client.post(page(abstract.id, "decision/"), {**form, "fields": fields})
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert "Say which phone." in answer.content.decode()
        assert ('value="items" checked' in answer.content.decode()) == bool(fields)
    assert client.post(page(abstract.id, "decision/"), {**form, "fields": ["items"]}).status_code == 302
    abstract.refresh_from_db()
    assert (abstract.status, abstract.to_correct) == ("waiting_correction", ["items"])
    assert [asked["fields"] for asked in applications.pages_of(abstract)] == [["items"]]
    abstract.to_correct = ["zzz"]  # as it was accepted once
    assert len(applications.pages_of(abstract)) > 1


def test_the_summary_of_mistakes_names_a_question_that_is_called_items():
    html = render_to_string("ui/error_summary.html", {"errors": {"items": "Say what was lost."}})
    assert '<a href="#items">Say what was lost.</a>' in html


def test_that_another_body_has_a_case_is_not_told(client, staff, abstract, enter_desk):
    enter_desk(client, staff("Otieno", body="DCI"))
    for reference in (abstract.reference, references.mint("HA")):
        answer = client.get("/en/desk/find/", {"reference": reference}, follow=True)
        assert answer.status_code == 200
        assert "No case has the reference" in answer.content.decode()
