"""Open311 and open statistics: what programs may send and read, and whom they learn nothing about."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from huduma.contexts.contact import public as contact
from huduma.contexts.contact.models import Matter
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM

HERE = "/api/open311/v2"
GOOD = {
    "api_key": "sandbox-open311", "service_code": "complaint", "lat": "-1.286389", "long": "36.817223",
    "description": "The door is shut all day.",
    "phone": "0700000002", "first_name": "Asha", "last_name": "Mfano", "jurisdiction_id": "CRS",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _bodies(db):
    places.load_places(actor=SYSTEM)


def test_services_as_json_and_xml(client):
    codes = [one["service_code"] for one in client.get(f"{HERE}/services.json").json()]
    assert ("complaint" in codes, "corruption" in codes) == (True, False)
    root = ElementTree.fromstring(client.get(f"{HERE}/services.xml").content)
    assert (root.tag, root[0].tag, root[0].find("service_code").text) == ("services", "service", codes[0])
    assert client.get(f"{HERE}/services/complaint.json").json() == {"service_code": "complaint", "attributes": []}
    assert client.get(f"{HERE}/services/nothing.json").status_code == 404
    root = ElementTree.fromstring(client.get(f"{HERE}/services/complaint.xml").content)
    assert [(one.tag, one.text) for one in root] == [("service_code", "complaint"), ("attributes", None)]
    assert client.get(f"{HERE}/services.json?jurisdiction_id=CRS").status_code == 200
    assert client.get(f"{HERE}/services.xml?jurisdiction_id=NOBODY").status_code == 404


def test_lodged_and_followed_without_a_word_about_who(client):
    photo = {"media_url": "https://photos.example/1.jpg", "address_string": "Kimathi St\x0b 7"}
    answer = client.post(f"{HERE}/requests.json", GOOD | photo)
    assert answer.status_code == 201
    assert Matter.objects.get().text == "The door is shut all day.\n\nhttps://photos.example/1.jpg"
    reference = answer.json()[0]["service_request_id"]
    matter = Matter.objects.get()
    assert (matter.reference, matter.phone, str(matter.latitude), matter.body_id) == (
        reference,
        "+254700000002",
        "-1.28639",
        "CRS",
    )
    shown = client.get(f"{HERE}/requests/{reference}.json").content.decode()
    assert '"status": "open"' in shown
    assert not any(word in shown for word in ("Asha", "Mfano", "0700", "254700", "shut all day"))
    [row] = client.get(f"{HERE}/requests.json?status=open&service_code=complaint").json()
    assert row["service_request_id"] == reference
    assert client.get(
        f"{HERE}/requests.json?status=open,closed&service_code=inquiry,complaint&jurisdiction_id=CRS"
    ).json() == [row]
    for nothing in ("status=closed", "service_code=inquiry", "jurisdiction_id=DCI"):
        assert client.get(f"{HERE}/requests.json?{nothing}").json() == []
    [token] = client.get(f"{HERE}/tokens/{reference}.json").json()
    assert token == {"service_request_id": reference, "token": reference}
    assert client.get(f"{HERE}/tokens/HM1.xml").status_code == 404
    assert client.get(f"{HERE}/requests.json?service_request_id={reference},HM1").json() == [row]
    root = ElementTree.fromstring(client.get(f"{HERE}/requests.xml").content)
    assert (root.tag, root[0].tag, root[0].find("lat").text) == ("service_requests", "request", "-1.28639")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"api_key": "wrong"}, 403), ({"service_code": ""}, 400), ({"service_code": "corruption"}, 404), ({"lat": "north"}, 400),
        ({"lat": "91"}, 400), ({"lat": "NaN"}, 400), ({"lat": "", "long": ""}, 400), ({"description": ""}, 400), ({"phone": "x"}, 400),
        ({"phone": "", "email": ""}, 400), ({"email": "x"}, 400), ({"jurisdiction_id": "NOBODY"}, 404),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_opened(client, changes, status):
    answer = client.post(f"{HERE}/requests.json", GOOD | changes)
    assert answer.status_code == status
    assert set(answer.json()[0]) == {"code", "description"}
    assert ElementTree.fromstring(client.post(f"{HERE}/requests.xml", GOOD | changes).content).tag == "errors"
    assert not Matter.objects.exists()


def test_wrong_questions_and_other_peoples_matters(client):
    brought = contact.open_matter(
        actor=ANONYMOUS,
        kind="complaint",
        text="Nobody answers.",
        language="en",
        phone="0700000002",
        body_code="CRS",
        now=timezone.now(),
    )
    assert client.get(f"{HERE}/requests/{brought.reference}.json").status_code == 404  # it came by another way
    assert client.get(f"{HERE}/requests.json?start_date=yesterday").status_code == 400
    for odd in (
        "status=lost",
        "end_date=0001-01-01T00:00:00Z",
        "start_date=9999-12-31T23:59:59-14:00",
        "jurisdiction_id=NOBODY",
    ):
        assert client.get(f"{HERE}/requests.json?{odd}").status_code in (400, 404)
    for odd in ("0001-01-01", "9999-12-31", "x"):
        assert client.get(f"/api/statistics/matters.json?since={odd}").status_code == 200
    assert client.delete(f"{HERE}/requests.json").status_code == 405


def last_month():
    """A moment of the last month that is over."""
    return timezone.localtime().replace(day=1, hour=0, minute=0, second=0) - timedelta(days=2)


def bring(count, answered=0, kind="complaint", county="047", first=0, at=None, channel="portal"):
    at = at or last_month()
    for number in range(first, first + count):
        matter = contact.open_matter(
            actor=ANONYMOUS, kind=kind, text="Nobody answers.", language="en", phone=f"07000000{number:02d}",
            body_code="CRS", county_code=county, channel=channel, now=at,
        )  # fmt: skip
        if number < answered:
            Matter.objects.filter(id=matter.id).update(
                state="answered", answer="It was looked into.", answered_at=at + timedelta(seconds=1)
            )


def test_statistics_leave_small_numbers_out_and_what_would_give_them_away(client):
    bring(11, answered=6)
    bring(4, kind="suggestion")
    bring(9, answered=3, kind="inquiry")
    bring(9, answered=7, county="001")
    bring(6, kind="corruption")
    rows = {
        (row["kind"], row["county"]): (row["received"], row["answered"])
        for row in client.get("/api/statistics/matters.json").json()["matters"]
    }
    assert rows == {
        ("complaint", "047"): (10, 5), ("complaint", "001"): (10, None), ("inquiry", "047"): (10, None),
        ("suggestion", "047"): (None, None),
    }  # fmt: skip
    # what comes in between two readings is not to be seen in their difference, nor what is listed one by one taken away
    bring(1, first=11)
    bring(5, first=12, at=timezone.now())
    bring(5, county="001", channel="open311", first=20)
    late = Matter.objects.filter(state="open", kind="complaint", county="047")[:5]
    Matter.objects.filter(id__in=late).update(
        state="answered", answer="It was looked into.", answered_at=timezone.now()
    )
    again = client.get("/api/statistics/matters.json").json()
    assert again["until"] == timezone.localdate().replace(day=1).isoformat()
    assert [(row["received"], row["answered"]) for row in again["matters"]] == [
        rows[row["kind"], row["county"]] for row in again["matters"]
    ]  # fmt: skip
    lines = client.get("/api/statistics/matters.csv").content.decode().splitlines()
    assert lines[0] == "kind,body,county,received,answered"
    assert "suggestion,CRS,047,," in lines
    assert client.get("/api/statistics/matters.json?since=1999-01-01").json()["matters"] == []
