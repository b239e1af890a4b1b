"""The inbox at the desk: what staff see and do, and that nothing typed is lost."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import public as inbox
from huduma.contexts.inbox.models import Call, Conversation, Received
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, enter_desk):
    """Returns the browser of a member of staff, and their account."""
    places.load_places(actor=SYSTEM)
    now = timezone.now()

    def enter(name="Neema", role="agent", body=None):
        account = identity.Account.objects.filter(email=f"{name.lower()}@example.org").first()
        if account is None:
            account = identity.open_staff_account(
                actor=SYSTEM, email=f"{name.lower()}@example.org", password="a-long-password-for-tests", first_name=name,
                surname="Mfano", now=now,
            )  # fmt: skip
            identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
        enter_desk(client, account)
        return client, account

    return enter


def wrote(text="Cheti changu kiko wapi?", **more) -> Conversation:
    return inbox.write_from_web(actor=ANONYMOUS, text=text, language="sw", now=timezone.now(), **more)


def page(conversation, act=""):
    return f"/en/desk/inbox/{conversation.id}/{act}"


def test_the_list_in_both_languages_with_filters_and_pages(desk):
    client, _ = desk()
    for number in range(60):
        wrote(f"Swali nambari {number:02d}")
    first = client.get("/en/desk/inbox/").content.decode()
    assert "Swali nambari 00" in first
    after = first.split("after=")[1].split('"')[0]
    second = client.get(f"/sw/desk/inbox/?view=team&after={after}").content.decode()
    assert "Mazungumzo" in second
    assert second.count("Swali nambari") == 10
    assert "Swali nambari 00" not in second
    assert "Nothing waits" in client.get("/en/desk/inbox/?channel=sms").content.decode()
    assert client.get("/en/desk/inbox/?view=x&channel=y&after=z").status_code == 200


def test_answering_by_the_channel_it_came_by_and_by_another(desk, drain_jobs):
    client, account = desk()
    conversation = wrote(phone="0700 000 002")
    client.post(page(conversation, "reply/"), {"text": "Kiko tayari.", "channel": "web"})
    client.post(page(conversation, "reply/"), {"text": "Njoo ukichukue.", "channel": "sms"})
    assert client.post(page(conversation, "reply/"), {"text": "x", "channel": "email"}).status_code == 422
    empty = client.post(page(conversation, "reply/"), {"text": "   ", "channel": "web"})
    assert (empty.status_code, b"nothing was sent" in empty.content) == (422, True)
    conversation.refresh_from_db()
    assert (conversation.is_waiting, conversation.assignee_id) == (False, account.id)
    body = urlencode({"id": "ATX1", "text": "Nitakuja kesho.", "from": "+254700000002"}).encode()
    inbox.receive(source="sms", key="ATX1", headers={}, body=body, now=timezone.now())
    inbox.take(received_id=Received.objects.get().id, now=timezone.now())
    conversation.refresh_from_db()
    assert (Conversation.objects.count(), conversation.channel, conversation.is_waiting) == (1, "sms", True)
    assert "Nitakuja kesho." in client.get(page(conversation)).content.decode()
    shown = client.get(f"/sw/chat/{inbox.chat_token(conversation)}/").content.decode()
    assert ("Kiko tayari." in shown, "Nitakuja kesho." in shown) == (True, False)  # nobody proved whose number it is


def test_a_ready_answer_is_filled_in_the_customers_language(desk):
    client, _ = desk()
    ready = {
        "code": "closed",
        "title_en": "Closed",
        "title_sw": "Imefungwa",
        "text_en": "Dear {name}",
        "text_sw": "Mpendwa {name}, {reference}",
    }
    assert client.post("/en/desk/inbox/ready/", ready | {"text_sw": ""}).status_code == 422
    client.post("/en/desk/inbox/ready/", ready)
    conversation = wrote(name="Asha Mfano")
    assert "Mpendwa Asha Mfano, HC" in client.get(page(conversation) + "?canned=closed").content.decode()


def test_notes_tags_rest_and_end(desk):
    client, _ = desk()
    conversation = wrote()
    client.post(page(conversation, "note/"), {"text": "She called before."})
    client.post(page(conversation, "tag/"), {"text": "Passport, urgent,passport"})
    client.post(page(conversation, "snooze/"), {"until": "tomorrow"})
    conversation.refresh_from_db()
    assert (conversation.state, conversation.tags) == ("snoozed", ["passport", "urgent"])
    assert "She called before." in client.get(page(conversation)).content.decode()
    assert "She called before." not in client.get(f"/en/chat/{inbox.chat_token(conversation)}/").content.decode()
    client.post(page(conversation, "end/"), {"code": "answered"})
    conversation.refresh_from_db()
    assert (conversation.state, conversation.wrap_up) == ("closed", "answered")
    wrote("Bado.", conversation=conversation)
    conversation.refresh_from_db()
    assert (conversation.state, conversation.is_waiting) == ("open", True)


def test_a_conversation_becomes_a_matter(desk):
    client, _ = desk()
    conversation = wrote(phone="0700 000 002")
    nothing = client.post(page(conversation, "matter/"), {"kind": "dispute", "text": "Uamuzi si wa haki."})
    assert nothing.status_code == 422  # a body is needed, and what was typed stays
    assert "Uamuzi si wa haki." in nothing.content.decode()
    client.post(page(conversation, "matter/"), {"kind": "complaint", "body": "CRS", "text": "Nimengoja mno."})
    conversation.refresh_from_db()
    assert (conversation.matter.kind, conversation.matter.channel, conversation.matter.phone) == (
        "complaint",
        "web",
        "+254700000002",
    )
    assert client.post(page(conversation, "link/"), {"text": "HB1234567890"}).status_code == 422


def test_a_body_sees_only_what_it_was_let_in_on(desk):
    client, _ = desk()
    shared, other = wrote("Shared"), wrote("Not theirs")
    _, focal = desk("Zawadi", "focal", "CRS")
    assert client.get(page(shared)).status_code == 404
    desk()
    client.post(page(shared, "share/"), {"to": str(focal.id)})
    desk("Zawadi", "focal", "CRS")
    inside = client.get("/en/desk/inbox/").content.decode()
    assert ("Shared" in inside, "Not theirs" in inside) == (True, False)
    assert client.get(page(shared)).status_code == 200
    assert client.get(page(other)).status_code == 404
    assert client.post(page(other, "reply/"), {"text": "x"}).status_code == 404
    assert client.get("/en/desk/calls/").status_code == 403


def test_who_is_there_is_given_what_waits_in_fair_turns(desk):
    client, neema = desk()
    conversations = [wrote(f"Swali {number}") for number in range(4)]
    client.post("/en/desk/inbox/presence/", {"there": "1"})
    _, baraka = desk("Baraka")
    client.post("/en/desk/inbox/presence/", {"there": "1"})
    more = [wrote(f"Swali {number}") for number in range(4, 8)]
    inbox.distribute(timezone.now())
    held = list(
        Conversation.objects.filter(id__in=[one.id for one in (*conversations, *more)]).values_list(
            "assignee_id", flat=True
        )
    )
    assert (held.count(neema.id), held.count(baraka.id)) == (4, 4)
    client.post("/en/desk/inbox/presence/", {"there": "0"})
    wrote("Swali 9")
    inbox.distribute(timezone.now())
    assert Conversation.objects.filter(assignee_id=neema.id).count() == 5


def test_made_up_requests_change_nothing(desk):
    client, _ = desk()
    conversation = wrote()
    for act, data in (("handover/", {"to": "nobody"}), ("share/", {"to": str(conversation.id)})):
        assert client.post(page(conversation, act), data).status_code == 404
    client.post(page(conversation, "snooze/"), {"until": "never"})
    client.post(page(conversation, "end/"), {"code": "silent"})
    conversation.refresh_from_db()
    assert (conversation.state, conversation.assignee_id) == ("open", None)


def test_what_could_not_be_read_is_given_as_plain_text_only(desk):
    client, _ = desk()
    kept = Received.objects.create(
        source="email",
        key="1",
        body=b"<script>alert(1)</script>",
        size=25,
        received_at=timezone.now(),
        state="refused",
        why="malformed",
    )
    assert str(kept.id) in client.get("/en/desk/inbox/unreadable/").content.decode()
    answer = client.get(f"/en/desk/inbox/unreadable/{kept.id}/")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("text/plain; charset=utf-8", "nosniff")
    assert answer["Content-Disposition"].startswith("attachment")
    for _ in range(2):  # a second click finds it gone
        client.post("/en/desk/inbox/unreadable/", {"received": str(kept.id)})
    kept.refresh_from_db()
    assert (kept.state, bytes(kept.body)) == ("done", b"<script>alert(1)</script>")
    left = Received.objects.create(
        source="sms", key="2", body=b"x", size=1, received_at=timezone.now() - timedelta(hours=2)
    )
    assert str(left.id) in client.get("/en/desk/inbox/unreadable/").content.decode()


def test_a_conversation_that_rests_wakes_and_one_that_is_silent_ends():
    places.load_places(actor=SYSTEM)
    from huduma.contexts.inbox import operations

    now = timezone.now()
    resting, silent = wrote("Rests"), wrote("Silent")
    inbox.snooze(actor=SYSTEM, conversation_id=resting.id, until_at=now + timedelta(hours=3), now=now)
    inbox.reply(actor=SYSTEM, conversation_id=silent.id, text="Kiko tayari.", now=now)
    assert operations.wake(now + timedelta(hours=4)) == 1
    assert operations.wake(now + timedelta(days=8)) == 1
    assert list(Conversation.objects.order_by("opened_at").values_list("state", "wrap_up")) == [
        ("open", ""),
        ("closed", "silent"),
    ]


def test_hundreds_in_the_list_cost_no_more_queries(desk, django_assert_max_num_queries):
    client, _ = desk()
    for number in range(50):
        wrote(f"Swali {number}")
    with django_assert_max_num_queries(14):
        client.get("/en/desk/inbox/")


def test_calling_a_customer_from_the_conversation_and_saying_how_it_went(desk, settings, monkeypatch):
    client, _ = desk()
    settings.CALLS_OUT_BY = "phone"
    monkeypatch.setattr("huduma.contexts.inbox.rules.may_ring", lambda _: True)
    conversation = wrote(phone="0700 000 002")
    order = {"conversation_id": conversation.id, "purpose": "answer"}
    refused = client.post("/en/desk/calls/out/", order, follow=True).content.decode()
    assert "at which extension or number you are rung" in refused
    client.post("/en/desk/inbox/presence/", {"there": "1", "phone": "0700 000 003"})
    rings = client.post("/en/desk/calls/out/", order, follow=True).content.decode()
    assert "Your telephone rings" in rings
    assert "the agent’s telephone rings" in rings
    assert "You are in a call" in client.get(page(conversation)).content.decode()
    call = Call.objects.get()
    call.agent_up_at = call.answered_at = call.started_at
    call.save()
    client.post(f"/en/desk/calls/{call.id}/hang-up/")
    assert "How did the call go?" in client.get(page(conversation)).content.decode()
    assert "Simu ilikwendaje?" in client.get("/sw/desk/calls/").content.decode()
    client.post(f"/en/desk/calls/{call.id}/outcome/", {"outcome": "left_word"})
    assert "Somebody else answered" in client.get("/en/desk/calls/").content.decode()
    assert client.get(f"/en/desk/calls/{call.id}/recording/").status_code == 404


def test_a_letter_is_written_down_and_nothing_typed_is_lost(client, staff, enter_desk):
    enter_desk(client, staff("Neema", role="agent", body=None))
    assert "Write down a letter" in client.get("/en/desk/inbox/").content.decode()
    letter = {"channel": "letter", "text": "My certificate has a wrong name.", "phone": "12", "language": "sw"}
    wrong = client.post("/en/desk/inbox/new/", letter)
    assert wrong.status_code == 422
    assert "My certificate has a wrong name." in wrong.content.decode()
    for email in ("no address", f"{'a' * 300}@example.org"):
        wrong = client.post("/en/desk/inbox/new/", {**letter, "phone": "", "email": email})
        assert (wrong.status_code, 'id="email-error"' in wrong.content.decode()) == (422, True)
    scan = SimpleUploadedFile("letter.pdf", b"MZ\x90\x00" + bytes(200))
    refused = client.post("/sw/desk/inbox/new/", {**letter, "phone": "", "scan": scan})
    assert refused.status_code == 422
    assert 'id="scan-error"' in refused.content.decode()
    kept = client.post("/en/desk/inbox/new/", {**letter, "phone": "0700 000 009"}, follow=True)
    assert "My certificate has a wrong name." in kept.content.decode()


def test_who_plans_the_contact_centre_sees_whom_it_needs_and_changes_the_team(desk):
    client, neema = desk()
    here = "/en/desk/inbox/staffing/"
    assert "The team" not in client.get(here).content.decode()  # an agent reads it, and plans nothing
    assert client.post(here, {"account": str(neema.id), "what": "abilities", "languages": "en"}).status_code == 403
    client, _ = desk("Wairimu", "secretariat")
    for language, words in (("en", "The team"), ("sw", "Timu")):
        assert words in client.get(f"/{language}/desk/inbox/staffing/?who={neema.id}").content.decode()
    day = f"{here}?day={timezone.localdate() + timedelta(days=7)}&who={neema.id}"
    assert client.post(day, {"account": str(neema.id), "what": "abilities", "languages": "en"}).status_code == 302
    wrong = client.post(day, {"account": str(neema.id), "what": "shift", "starts": "17:00", "ends": "08:00"})
    assert (wrong.status_code, 'value="17:00"' in wrong.content.decode()) == (422, True)
    client.post(day, {"account": str(neema.id), "what": "shift", "starts": "08:00", "ends": "17:00"})
    shown = client.get(day).content.decode()
    assert "08:00–17:00" in shown
    assert client.get(f"{here}?day=soon").status_code == 422
