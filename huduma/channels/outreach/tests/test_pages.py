"""The pages of a visit, over HTTP."""

from datetime import timedelta

import pytest
from django.utils import timezone

from huduma.contexts.catalogue.models import Service
from huduma.contexts.identity.models import Account
from huduma.contexts.outreach import public as outreach
from huduma.contexts.outreach.models import Device, Record, Visit
from tests.an_outreach import application, ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(client, enter_desk):
    """Signs somebody of the team in."""

    def make(actor):
        enter_desk(client, Account.objects.get(id=actor.account_id))
        return client

    return make


def text(answer):
    return answer.content.decode()


def test_strangers_are_sent_to_the_sign_in_and_officers_of_other_teams_refused(client, visit, team, signed):
    assert client.get("/en/outreach/")["Location"].startswith("/en/desk/sign-in/")
    signed(team("juma", posted=False))
    assert client.get(f"/en/outreach/{visit.id}/").status_code == 403
    assert "No visit is planned" in text(client.get("/en/outreach/"))


def test_a_supervisor_plans_runs_and_calls_off_on_the_pages(signed, supervisor, officer):
    client, today = signed(supervisor), timezone.localdate()
    asked = {
        "site": "HM01", "place": "Mfano Market", "county": "047", "day": str(today), "from": "00:01", "to": "23:59",
        "services": "police-clearance", "body": "DCI", "ward": "Mfano",
    }  # fmt: skip
    refused = client.post("/en/outreach/plan/", asked)
    assert refused.status_code == 422
    assert "Choose at least one officer" in text(refused)
    assert "Mfano Market" in text(refused)
    planned = client.post("/en/outreach/plan/", {**asked, "staff": str(officer.account_id)})
    visit = Visit.objects.get()
    assert planned["Location"] == f"/en/outreach/{visit.id}/"
    page = f"/en/outreach/{visit.id}/"
    client.post(page, {"step": "open"})
    assert "Serving now" in text(client.get(page))
    wrong = client.post(page, {"step": "cost", "kind": "transport", "amount": "many"})
    assert wrong.status_code == 422
    client.post(page, {"step": "cost", "kind": "transport", "amount": "1,500"})
    report = text(client.get(f"{page}report/"))
    assert "KSh 1,500.00" in report
    client.post(page, {"step": "close"})
    assert "Visit over" in text(client.get(page))
    assert "Mfano Market" in text(client.get("/en/outreach/?past"))
    assert 'href="/en/outreach/"' in text(client.get("/en/desk/"))


def test_the_public_notice_is_read_without_an_account_and_tells_by_sms(client, plan):
    start = timezone.now() + timedelta(days=3)
    visit = plan(starts_at=start, ends_at=start + timedelta(hours=4))
    assert "Mfano Market" in text(client.get("/sw/mashinani/?county=047"))
    page = f"/en/mashinani/{visit.id}/"
    assert "A passport photo of your face" in text(client.get(page))
    assert "KSh 1,050.00" in text(client.get(page))
    service = Service.objects.get(code="police-clearance")
    service.content["fee_kes"] = [{"amount": 100, "condition": {"en": "the first time", "sw": "mara ya kwanza"}}]
    service.save()
    assert "mara ya kwanza" in text(client.get(page.replace("/en/", "/sw/")))
    wrong = client.post(page, {"phone": "12"})
    assert wrong.status_code == 422
    assert 'value="12"' in text(wrong)
    assert client.post(page, {"phone": "0712 345 678"}).status_code == 302
    assert visit.followers.count() == 1


def test_a_supervisor_sees_both_sides_of_a_conflict_and_decides(signed, supervisor, tablet, picture, drain_jobs):
    references = tablet.pack().json()["blocks"]["references"]
    for n, names in enumerate(({}, {"first_name": "Juma", "last_name": "Bakari"})):
        content = picture(n)
        form = application(references[n], content, person=names)
        tablet.send(form)
        tablet.upload(form["body"]["files"][0], form, content)
        drain_jobs()
    one = Record.objects.get(state="conflict")
    client, page = signed(supervisor), f"/en/outreach/conflicts/{one.id}/"
    assert str(one.id) in text(client.get("/en/outreach/conflicts/"))
    shown = text(client.get(page))
    assert "Asha Mfano" in shown
    assert "Bakari" in shown
    assert client.post(page, {"choice": "drop", "reason": ""}).status_code == 422
    assert client.post(page, {"choice": "without-number", "reason": "Another card"}).status_code == 302
    drain_jobs()
    assert Record.objects.get(id=one.id).state == "done"
    assert "Another card" in text(client.get(page))


def test_a_tablet_is_reported_lost_on_its_page(signed, supervisor, tablet):
    tablet.send(ticket("VA001"))
    client, page = signed(supervisor), f"/en/outreach/tablets/{tablet.device.id}/"
    assert "Brought records" in text(client.get(page))
    client.post(page)
    assert Device.objects.get().state == "lost"
    assert "It has not called since" in text(client.get(page))
    assert "Lost" in text(client.get("/en/outreach/tablets/"))


def test_the_secretariat_adds_a_team_and_posts_an_officer(signed, team, officer):
    katibu = team("katibu", role="administrator", posted=False)
    client = signed(katibu)
    client.post("/en/outreach/teams/", {"kind": "outreach", "name": "Timu ya Mfano"})
    client.post("/en/outreach/teams/", {"step": "post", "site": "HM02", "account": str(officer.account_id)})
    shown = text(client.get("/en/outreach/teams/"))
    assert shown.count("Rehema Mfano") >= 2
    assert client.post("/en/outreach/teams/", {"step": "post", "site": "HM02", "account": ""}).status_code == 422


def test_my_visits_are_those_for_which_a_tablet_can_be_prepared(visit, officer, team):
    assert outreach.list_my_visits_for(officer, now=timezone.now()) == [visit]
    assert outreach.list_my_visits_for(team("juma"), now=timezone.now()) == []
