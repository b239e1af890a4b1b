"""Planning a centre over HTTP."""

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from huduma.contexts.centres.models import Ticket
from huduma.contexts.identity.models import Account
from huduma.contexts.planning.models import Roster, RosterDay
from huduma.contexts.workforce.models import Shift
from huduma.foundation.worktime.public import NAIROBI

pytestmark = pytest.mark.django_db


@pytest.fixture
def monday(always_open):
    """Next Monday, with people on the Mondays before: eight in the half hour from nine."""
    always_open.hours = [[["08:00", "17:00"]]] * 5 + [[], []]
    always_open.save()
    today = timezone.localdate()
    day = today + timedelta(days=7 - today.weekday())
    for week in (1, 2):
        on = day - timedelta(weeks=week) if week > 1 or today.weekday() else day - timedelta(weeks=3)
        came = datetime.combine(on, time(9), NAIROBI)
        for n in range(8):
            Ticket.objects.create(
                centre=always_open, day=on, number=f"A{n:03}", service_code="police-clearance", source="kiosk",
                state="done", rank_at=came, arrived_at=came, waiting_since=came, ended_at=came,
            )  # fmt: skip
    return day


@pytest.fixture
def boss(client, clerk, enter_desk, monday):
    actor = clerk("mkuu", role="supervisor")
    enter_desk(client, Account.objects.get(id=actor.account_id))
    return actor


def test_a_manager_plans_a_week(client, boss, clerk, monday, drain_jobs):
    amani = clerk("amani")
    page = client.get("/en/desk/plan/", {"day": monday.isoformat()}).content.decode()
    assert "08:00" in page
    assert "People expected" in page
    then = client.get("/en/desk/plan/", {"day": monday.isoformat(), "what": "if", "counters": "-2", "percent": "150"})
    assert "Needed then" in then.content.decode()
    wrong = client.get("/en/desk/plan/", {"day": "soon"})
    assert wrong.status_code == 422
    assert "Write a day, and whole numbers." in wrong.content.decode()

    asked = client.post("/en/desk/plan/rosters/", {"week": monday.isoformat()})
    assert "The roster is being made" in client.get(asked.url).content.decode()
    drain_jobs()
    page = client.get(asked.url).content.decode()
    assert "No other plan leaves fewer" in page
    assert "would be short without this shift" in page
    free = client.post(
        asked.url, {"do": "overrule", "account": str(amani.account_id), "on": monday.isoformat(), "note": "exam"}
    )
    assert free.status_code == 302
    page = client.get(asked.url).content.decode()
    assert "Decided by a manager. exam" in page
    assert client.post(asked.url, {"do": "overrule", "account": "x"}).status_code == 422
    assert client.post(asked.url, {"do": "elsewhere"}).status_code == 422
    client.post(asked.url, {"do": "publish"})
    assert Roster.objects.get().state == "published"
    assert not Shift.objects.filter(account_id=amani.account_id, starts_at__date=monday).exists()
    assert Shift.objects.filter(account_id=boss.account_id).exists()
    assert "In force" in client.get(asked.url).content.decode()
    late = client.post(asked.url, {"do": "overrule", "account": str(amani.account_id), "on": monday.isoformat()})
    assert "in force already" in late.content.decode()


def test_a_manager_cancels_a_shift(client, boss, clerk, monday, drain_jobs):
    amani = clerk("amani")
    asked = client.post("/en/desk/plan/rosters/", {"week": monday.isoformat()})
    drain_jobs()
    client.post(asked.url, {"do": "publish"})
    row = RosterDay.objects.exclude(spans=[]).filter(on=monday).first()
    other = ({boss.account_id, amani.account_id} - {row.account_id}).pop()
    url = f"{asked.url}cancel/{row.account_id}/{monday.isoformat()}/"
    assert url in client.get(asked.url).content.decode()
    page = client.get(url).content.decode()
    assert "No visits are booked with this officer then." in page
    none = client.post(url, {"instead": ""})
    assert none.status_code == 422
    assert "Choose why the shift does not take place." in none.content.decode()
    assert client.post(url, {"why": "away", "instead": "x"}).status_code == 422
    taken = RosterDay.objects.exclude(spans=[]).filter(on=monday, account_id=other).exists()
    said = client.post(url, {"why": "away", "instead": str(other)})
    assert said.status_code == (422 if taken else 302)
    done = client.post(url, {"why": "away"}, follow=True).content.decode()
    assert "Cancelled: The officer cannot come." in done
    assert "This shift is cancelled already." in client.get(url).content.decode()
    assert client.get(f"{asked.url}cancel/{row.account_id}/soon/").status_code == 404


def test_what_cannot_be_planned_is_said(client, boss):
    past = client.post("/en/desk/plan/rosters/", {"week": "2020-01-06"}, follow=True)
    assert "This week has begun already" in past.content.decode()
    none = client.post("/en/desk/plan/rosters/", {"week": "soon"}, follow=True)
    assert "Write a day of the week" in none.content.decode()
    assert "Every constituency has a centre" in client.get("/en/desk/plan/gaps/?km=x").content.decode()
    assert client.get("/en/desk/plan/?centre=HC99").status_code == 404


def test_planning_is_for_the_staff_of_the_place(client, clerk, enter_desk, monday):
    stranger = clerk("mgeni", role="supervisor", posted=False)
    enter_desk(client, Account.objects.get(id=stranger.account_id))
    assert client.get("/en/desk/plan/?centre=HC01").status_code == 403
    assert client.post("/en/desk/plan/rosters/", {"centre": "HC01", "week": monday.isoformat()}).status_code == 403
