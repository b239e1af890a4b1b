"""Matters over HTTP: without an account, with a key, and closed to everybody else."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from huduma.contexts.contact import public as contact
from huduma.contexts.contact.models import Matter
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _bodies():
    cache.clear()
    places.load_places(actor=SYSTEM)


def send(client, kind, **typed):
    return client.post(f"/en/help/new/{kind}/", {"text": "Nobody answers.", "phone": "0700 000 009", **typed})


def test_what_is_missing_is_said_and_what_was_typed_stays(client):
    answer = send(client, "complaint", phone="", text="Nobody answers.")
    assert answer.status_code == 422
    assert b"so that we can answer you" in answer.content
    assert b"Nobody answers.</textarea>" in answer.content
    assert send(client, "dispute").status_code == 422  # of which office?
    assert send(client, "complaint", phone="12").status_code == 422
    assert send(client, "complaint", email="no address").status_code == 422
    assert not Matter.objects.exists()


def test_a_matter_is_followed_by_its_key_and_hidden_from_others(client):
    answer = send(client, "complaint")
    matter = Matter.objects.get()
    assert answer.headers["Location"] == reverse(
        "portal:matter_by_key", args=[matter.reference, contact.key_of(matter.id)]
    )
    assert client.get(answer.headers["Location"]).status_code == 200
    assert client.get(f"/en/help/{matter.reference}/0000000000000000/").status_code == 404
    assert client.get(f"/en/help/{matter.reference}/").status_code == 302  # sign in first
    assert client.get(f"/en/help/{matter.reference}/0000000000000000/file/").status_code == 404
    assert client.post(f"/en/help/{matter.reference}/0000000000000000/withdraw/").status_code == 404
    file = client.get(f"{answer.headers['Location']}file/")
    assert b"Nobody answers." in file.content


def test_words_are_added_and_markup_stays_text(client):
    page = send(client, "complaint").headers["Location"]
    assert client.post(f"{page}add/", {"text": " "}).status_code == 422
    client.post(f"{page}add/", {"text": "<script>alert(1)</script>"})
    shown = client.get(page).content
    assert b"&lt;script&gt;" in shown
    assert b"<script>alert" not in shown


def test_a_report_without_a_name_gives_its_key_once(client):
    page = send(client, "corruption", anonymous="on").headers["Location"]
    matter = Matter.objects.get()
    assert (matter.phone, matter.person_id, matter.is_anonymous) == ("", None, True)
    first, second = client.get(page).content, client.get(page).content
    assert b"Only this key opens the page again" in first
    assert b"Only this key opens the page again" not in second
    found = client.post("/en/help/find/", {"reference": matter.reference, "key": contact.key_of(matter.id).lower()})
    assert found.headers["Location"] == page
    assert client.post("/en/help/find/", {"reference": matter.reference, "key": "x"}).status_code == 422


def test_a_notice_of_the_ombudsman_is_not_a_citizens_to_make(client):
    assert client.get("/en/help/new/ombudsman/").status_code == 404
    assert client.get("/en/help/new/nothing/").status_code == 404
