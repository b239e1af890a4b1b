"""The contact desk over HTTP: who sees what, and what a request that was made up can do."""

import pytest
from django.urls import reverse
from django.utils import timezone

from huduma.contexts.contact import public as contact
from huduma.contexts.contact.models import Matter
from huduma.contexts.identity import public as identity
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM

pytestmark = pytest.mark.django_db
REASON = "The line was cut on Monday. It works again now."


@pytest.fixture
def desk(client, enter_desk):
    """Signs somebody with a role in."""
    places.load_places(actor=SYSTEM)
    now = timezone.now()

    def enter(role, body=None):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{role}.{body or 'all'}@example.org", password="correct-horse-battery", first_name="Neema",
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
        enter_desk(client, account)
        return client

    return enter


def brought(kind="complaint"):
    """A matter brought just now: the pages read the real clock."""
    return contact.open_matter(
        actor=ANONYMOUS,
        kind=kind,
        text="Nobody answers.",
        language="en",
        phone="0700 000 009",
        body_code="CRS",
        now=timezone.now(),
    )


@pytest.mark.parametrize(
    ("role", "body"),
    [("agent", None), ("focal", "CRS"), ("accounting_officer", "CRS"), ("integrity", None), ("secretariat", None)],
)
def test_a_link_is_shown_only_to_whom_it_opens(desk, role, body):
    browser = desk(role, body)
    page = browser.get("/en/desk/matters/").content.decode()
    for address in ("/en/desk/matters/new/", "/en/desk/matters/report/"):
        assert (browser.get(address).status_code == 200) == (f'href="{address}"' in page), address


def test_an_agent_takes_a_call_down_and_answers_it(desk):
    agent = desk("agent")
    typed = {
        "kind": "complaint",
        "text": "The clerk shouted at me.",
        "phone": "0700 000 009",
        "body": "CRS",
        "channel": "phone",
    }
    assert agent.post("/en/desk/matters/new/", {**typed, "text": ""}).status_code == 422
    page = agent.post("/en/desk/matters/new/", typed).headers["Location"]
    assert b"The clerk shouted at me." in agent.get(page).content
    assert Matter.objects.get().person_id is None  # whoever takes it down did not bring it
    assert agent.post(f"{page}answer/", {"outcome": "upheld", "text": "Sorry."}).status_code == 422
    agent.post(f"{page}answer/", {"outcome": "upheld", "text": REASON})
    assert Matter.objects.get().state == "answered"


def test_other_bodies_and_closed_kinds_stay_closed(desk):
    complaint, report = brought(), brought("corruption")
    other = desk("focal", "DCI")
    assert other.get(f"/en/desk/matters/{complaint.id}/").status_code == 403
    assert other.get(f"/en/desk/matters/{report.id}/").status_code == 404
    assert (
        other.post(f"/en/desk/matters/{complaint.id}/answer/", {"outcome": "upheld", "text": REASON}).status_code == 404
    )
    assert other.get("/en/desk/matters/report/").status_code == 403
    assert Matter.objects.filter(state="open").count() == 2


def test_made_up_requests_change_nothing(desk):
    matter = brought()
    agent = desk("agent")
    page = f"/en/desk/matters/{matter.id}/"
    assert agent.post(f"{page}answer/", {"outcome": "paid", "text": REASON}).status_code == 422
    assert agent.post(f"{page}handover/", {"to": "nobody"}).status_code == 404
    assert agent.post(f"{page}route/", {"body": "NOBODY", "text": REASON}).status_code == 404
    assert agent.post(f"{page}access/", {"to": str(matter.id), "hours": "many", "text": REASON}).status_code == 404
    matter.refresh_from_db()
    assert (matter.state, matter.body_id, matter.assignee_id) == ("open", "CRS", None)


def test_the_quarter_as_csv(desk):
    day = timezone.localdate(brought().opened_at)
    answer = desk("secretariat").get(f"/sw/desk/matters/report/?since={day}&as=csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")  # or Excel takes it for an older code
    assert answer.content.decode("utf-8-sig").splitlines() == [
        "Aina,Yaliyopokelewa,Yaliyojibiwa,Yanayosubiri,kati ya hayo yaliyochelewa,Yaliyopelekwa nje",
        "Lalamiko,1,0,1,0,0",
    ]


@pytest.mark.parametrize(
    ("role", "body", "begins"),
    [
        ("agent", None, "matters"),
        ("focal", "CRS", "matters"),
        ("administrator", None, "centres"),
        ("officer", "CRS", None),
    ],
)
def test_everybody_begins_where_they_work(desk, role, body, begins):
    answer = desk(role, body).get("/en/desk/")
    assert answer.headers.get("Location") == (reverse(f"desk:{begins}") if begins else None)
