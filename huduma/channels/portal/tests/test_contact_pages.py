"""Matters over HTTP: without an account, with a key, and closed to everybody else."""

import re
from dataclasses import replace

import pytest
from django.core.cache import cache
from django.urls import reverse

from huduma.contexts.contact import public as contact
from huduma.contexts.contact.models import Matter, Remark
from huduma.contexts.inbox.models import Conversation
from huduma.contexts.inbox.models import Message as Said
from huduma.contexts.messages.models import Message
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM

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


def form_of(client, address):
    return re.search(r'name="form" value="([^"]+)"', client.get(address).content.decode())[1]


def test_a_form_sent_again_is_the_same_matter_and_other_words_are_another(client):
    form = form_of(client, "/en/help/new/complaint/")
    first = send(client, "complaint", form=form, body="CRS")
    assert send(client, "complaint", form=form, body="CRS").headers["Location"] == first.headers["Location"]
    send(client, "complaint", form=form, text="Nobody answers at all.")
    send(client, "complaint", form="made-up")
    assert Matter.objects.count() == 3
    page = first.headers["Location"]
    for how in ("add", "add", "higher", "higher"):
        client.post(f"{page}{how}/", {"text": f"Please {how}."})
    assert Remark.objects.count() == 2
    assert Matter.objects.order_by("opened_at")[0].level == 2, "a second click climbs no second level"


def test_what_is_too_long_or_unknown_is_refused_in_words(client):
    assert "longer than 8,000 characters" in send(client, "complaint", text="a" * 8001).content.decode()
    assert (
        send(client, "complaint", text="a\n" * 4000 + "\n").status_code == 302
    )  # a browser sends each end of line as two
    assert (
        send(client, "complaint", email=f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 20}.com").status_code
        == 422
    )
    assert send(client, "complaint", county="999").status_code == 422
    assert send(client, "complaint", body="CRS", service="x" * 100).status_code == 422


def test_a_flood_is_refused_by_the_operation_and_shuts_nobody_else_out(now, monkeypatch):
    monkeypatch.setattr("huduma.contexts.contact.operations.customers.PER_ADDRESS", 8)

    def bring(address, phone, text="Nobody answers."):
        actor = replace(ANONYMOUS, address=address)
        return contact.open_matter(actor=actor, kind="complaint", text=text, language="en", phone=phone, now=now)

    for _ in range(5):
        bring("192.0.2.1", "0700 000 009")
    with pytest.raises(contact.TooManyMatters):
        bring("192.0.2.1", "0700 000 009")
    bring("192.0.2.2", "0700 000 009")
    for number in range(3):
        bring("192.0.2.1", f"070000010{number}")
    with pytest.raises(contact.TooManyMatters):
        bring("192.0.2.1", "0700 000 300")
    bring("", "0700 000 300")


def test_a_stranger_is_not_texted_again_and_again(client, drain_jobs):
    for place in range(4):
        for number in range(3):
            client.post(
                "/en/help/new/complaint/",
                {"text": f"Word {number}", "phone": "0700 000 009"},
                REMOTE_ADDR=f"192.0.2.{place}",
            )
    drain_jobs()
    assert Matter.objects.count() == 12
    assert Message.objects.filter(recipient="+254700000009").count() == 5


def test_a_chat_is_begun_once_and_its_words_are_limited(client):
    form = form_of(client, "/en/chat/")
    typed = {"text": "Where do I go?", "phone": "0700 000 009", "form": form}
    first = client.post("/en/chat/", typed).headers["Location"]
    assert client.post("/en/chat/", typed).headers["Location"] == first
    for _ in range(2):
        client.post(first, {"text": "In Nyeri."})
    assert (Conversation.objects.count(), Said.objects.count()) == (1, 2)
    assert client.post("/en/chat/", {"text": "a" * 8001}).status_code == 422
    for _ in range(4):
        client.post("/en/chat/", {"text": "Hello?", "phone": "0700 000 009"})
    answer = client.post("/en/chat/", {"text": "Hello?", "phone": "0700 000 009"})
    assert b"Many messages came within an hour" in answer.content
    assert (
        client.post("/en/chat/", {"text": "Hello?", "phone": "0700 000 009"}, REMOTE_ADDR="192.0.2.9").status_code
        == 302
    )
