"""The inbox against real servers: mail by SMTP and IMAP, SMS, calls and WhatsApp as their companies tell of them."""

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from huduma.channels.hooks.messages import africastalking_token
from huduma.contexts.contact import public as contact
from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import operations
from huduma.contexts.inbox import public as inbox
from huduma.contexts.inbox.models import Attachment, Call, CallBack, Conversation, Mailbox, Message, Received
from huduma.contexts.inbox.operations.conversations import begin
from huduma.contexts.inbox.providers.whatsapp import WhatsApp
from huduma.contexts.messages.models import Message as Sent
from huduma.contexts.places import public as places
from huduma.foundation import http, ids, references
from huduma.foundation.access import ANONYMOUS, SYSTEM
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal
from huduma.foundation.sockets import Registry
from sandbox.inbound import _webhook, messenger_webhook, meta_signature, x_signature, x_webhook
from tests.pictures import png as picture

pytestmark = pytest.mark.django_db
PHONE = "+254700000002"
ASHA = "asha@mfano.example"


@pytest.fixture(autouse=True)
def _mail_by_smtp(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def agent(now):
    places.load_places(actor=SYSTEM)
    account = identity.open_staff_account(
        actor=SYSTEM, email="neema@example.org", password="a-long-password-for-tests", first_name="Neema", surname="Mfano", now=now
    )  # fmt: skip
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="agent", body_code=None, now=now)
    return identity.actor_for(account, channel="desk", purpose="casework", second_factor=True)


def mail(text="Habari, cheti changu kiko wapi?", *, number=1, sender=ASHA, **headers):
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "help@huduma.example", "Cheti"
    made["Message-ID"] = f"<{number}@mfano.example>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def put(sandbox, made):
    sandbox.post("/_control/incoming/mail", content=made.as_bytes()).raise_for_status()


def fetch(drain_jobs, now=None):
    fetched = operations.fetch_mail(now or timezone.now())
    drain_jobs(until=timezone.now() + timedelta(minutes=10))
    return fetched


def sent_mail(sandbox):
    return sandbox.get("/_control/mail").json()


def test_a_mail_becomes_a_conversation_is_acknowledged_once_and_answered_in_its_thread(sandbox, agent, drain_jobs):
    put(sandbox, mail())
    assert fetch(drain_jobs) == 1
    conversation = Conversation.objects.get()
    assert (conversation.channel, conversation.address, conversation.language) == ("email", ASHA, "sw")
    assert conversation.is_waiting
    assert not conversation.is_proven
    assert fetch(drain_jobs) == 0
    [taken] = sent_mail(sandbox)
    assert references.display(conversation.reference) in taken["text"]

    inbox.reply(actor=agent, conversation_id=conversation.id, text="Kiko tayari.", now=timezone.now())
    drain_jobs()
    answer = Sent.objects.get(kind="inbox.reply")
    assert answer.headers == {
        "Auto-Submitted": "no",
        "In-Reply-To": "<1@mfano.example>",
        "References": "<1@mfano.example>",
    }
    put(sandbox, mail("Asante!", number=2, In_Reply_To=f"<{answer.id}@huduma>"))
    fetch(drain_jobs)
    assert [one.text.strip() for one in Message.objects.filter(side="customer")] == [
        "Habari, cheti changu kiko wapi?", "Asante!",
    ]  # fmt: skip
    assert Conversation.objects.count() == 1
    assert len(sent_mail(sandbox)) == 2  # no second acknowledgement


def test_somebody_else_who_knows_an_id_joins_nothing(sandbox, agent, drain_jobs):
    put(sandbox, mail())
    fetch(drain_jobs)
    put(sandbox, mail("Mimi ni nani?", number=2, sender="thief@elsewhere.example", In_Reply_To="<1@mfano.example>"))
    fetch(drain_jobs)
    assert Conversation.objects.count() == 2


def test_machines_are_not_answered_and_our_own_mail_is_dropped(sandbox, agent, drain_jobs):
    put(sandbox, mail("I am away.", Auto_Submitted="auto-replied"))
    put(sandbox, mail("Echo", number=2, sender="help@huduma.example"))
    fetch(drain_jobs)
    assert Conversation.objects.count() == 1
    assert sent_mail(sandbox) == []


def test_a_flood_is_kept_joined_and_not_acknowledged_each_time(sandbox, agent, drain_jobs):
    for number in range(20):
        put(sandbox, mail(number=number))
    fetch(drain_jobs)
    assert Message.objects.filter(side="customer").count() == 20
    assert Conversation.objects.count() <= 6
    assert len(sent_mail(sandbox)) <= 6


def test_machines_that_write_without_saying_so_are_answered_a_few_times_a_day(sandbox, agent, drain_jobs, monkeypatch):
    monkeypatch.setattr("huduma.contexts.inbox.rules.FLOOD_PER_HOUR", 100)
    monkeypatch.setattr("huduma.contexts.inbox.rules.FLOOD_PER_DAY", 3)
    for number in range(6):
        put(sandbox, mail(number=number))
    fetch(drain_jobs)
    assert (Conversation.objects.count(), len(sent_mail(sandbox))) == (3, 2)
    references_in = {f"Re: Cheti [{references.display(one.reference)}]" for one in Conversation.objects.all()}
    assert {one["subject"] for one in sent_mail(sandbox)} < references_in


def test_nobodys_words_are_dropped_for_an_id_that_another_mail_has(sandbox, agent, drain_jobs):
    put(sandbox, mail("Printed."))
    put(sandbox, mail("Printed again."))
    put(sandbox, mail("Not hers.", sender="thief@elsewhere.example"))
    put(sandbox, mail("Printed.", X_Path="came twice"))
    fetch(drain_jobs)
    assert sorted(Message.objects.filter(side="customer").values_list("text", flat=True)) == [
        "Not hers.", "Printed again.", "Printed.",
    ]  # fmt: skip


def test_words_that_another_may_have_sent_are_marked_in_a_conversation_that_was_proven(sandbox, agent, drain_jobs):
    proven = "sandbox.example; dmarc=pass header.from=mfano.example"
    put(sandbox, mail(Authentication_Results=proven))
    fetch(drain_jobs)
    conversation = Conversation.objects.get()
    assert conversation.is_proven
    subject = f"Re: {references.display(conversation.reference)}"
    forged = mail("Send it to my new address.", number=2, Authentication_Results=proven.replace("pass", "none"))
    forged.replace_header("Subject", subject)
    put(sandbox, forged)
    fetch(drain_jobs)
    conversation.refresh_from_db()
    assert (Conversation.objects.count(), conversation.is_proven) == (1, False)


def test_a_mailbox_with_many_numbers_is_read_to_its_end_by_two_who_fetch_it(sandbox, agent, drain_jobs, monkeypatch):
    monkeypatch.setattr("huduma.contexts.inbox.providers.imap.WINDOW", 2)
    for number in range(5):
        put(sandbox, mail(number=number, sender=f"citizen{number}@mfano.example"))
    while operations.fetch_mail(timezone.now()):
        Mailbox.objects.update(last_uid=max(Mailbox.objects.get().last_uid - 1, 0))  # another began a mail earlier
        assert operations.fetch_mail(timezone.now()) > 0
    drain_jobs(until=timezone.now() + timedelta(minutes=10))
    assert Message.objects.filter(side="customer").count() == Received.objects.count() == 5


def test_a_bounce_lets_the_conversation_wait_again(sandbox, agent, drain_jobs):
    put(sandbox, mail())
    fetch(drain_jobs)
    conversation = Conversation.objects.get()
    said = inbox.reply(actor=agent, conversation_id=conversation.id, text="Kiko tayari.", now=timezone.now())
    drain_jobs()
    bounce = (
        "From: MAILER-DAEMON@mfano.example\nMessage-ID: <b@mfano.example>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
        "--B\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; x\nAction: failed\n\n"
        f"--B\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{said.delivery_id}@huduma>\n\n--B--\n"
    )
    sandbox.post("/_control/incoming/mail", content=bounce.encode())
    fetch(drain_jobs)
    conversation.refresh_from_db()
    said.refresh_from_db()
    assert (conversation.is_waiting, said.sending) == (True, "failed")
    assert Sent.objects.get(id=said.delivery_id).state == "failed"


def test_a_mailbox_that_is_dead_for_a_day_loses_nothing_and_brings_nothing_twice(sandbox, agent, drain_jobs):
    start = timezone.now()
    put(sandbox, mail(number=1))
    fetch(drain_jobs)
    put(sandbox, mail(number=2, sender="baraka@mfano.example"))
    sandbox.post("/_control/imap", json={"fault": "down", "times": -1})
    asked = 0
    for minute in range(24 * 60):
        at = start + timedelta(minutes=minute)
        before = Mailbox.objects.get().failures
        operations.fetch_mail(at)
        asked += Mailbox.objects.get().failures > before
    assert asked < 60  # ever later, at most every half hour
    assert inbox.dead_mailbox(start + timedelta(days=1)).problem
    sandbox.post("/_control/reset")  # the server is back, and has numbered its mails anew
    for number in (1, 2):
        put(sandbox, mail(number=number, sender=ASHA if number == 1 else "baraka@mfano.example"))
    assert fetch(drain_jobs, start + timedelta(days=1, hours=1)) == 2
    assert Conversation.objects.count() == Message.objects.filter(side="customer").count() == 2
    assert inbox.dead_mailbox(start + timedelta(days=2)) is None


def test_mails_too_large_and_unreadable_are_kept_for_a_person(sandbox, agent, drain_jobs, monkeypatch):
    monkeypatch.setattr("huduma.contexts.inbox.operations.mailbox.LARGEST_MAIL_BYTES", 3000)
    monkeypatch.setattr("huduma.contexts.inbox.operations.intake.LARGEST_MAIL_BYTES", 3000)
    put(sandbox, mail("x" * 4000))
    sandbox.post("/_control/incoming/mail", content=b"Subject: nobody\n\ntext")
    fetch(drain_jobs)
    assert {one.why for one in inbox.list_refused_for(agent, now=timezone.now())} == {"no_sender", "too_large"}
    assert Received.objects.get(why="too_large").body.startswith(b"From: asha@mfano.example")
    assert ["too large" in one["text"] or "kubwa mno" in one["text"] for one in sent_mail(sandbox)] == [True]
    assert Conversation.objects.count() == 0


def test_files_are_scanned_and_a_harmful_one_is_named_not_kept(sandbox, agent, drain_jobs):
    made = mail()
    png = picture()
    made.add_attachment(png, maintype="image", subtype="png", filename="picha.png")
    harm = b"%PDF-1.4\n/JavaScript (x)\n%%EOF"
    made.add_attachment(harm, maintype="application", subtype="pdf", filename="cheti.pdf")
    put(sandbox, made)
    fetch(drain_jobs)
    [message] = Message.objects.filter(side="customer")
    assert [(one.name, one.refused, one.file is not None) for one in message.attachments.order_by("name")] == [
        ("cheti.pdf", "Infected", False),
        ("picha.png", "", True),
    ]


def test_a_file_that_could_not_be_checked_is_checked_again(sandbox, agent, drain_jobs, monkeypatch):
    def down(content):
        raise OSError

    away = Registry("file scanner")
    away.register("down", down)
    made = mail()
    made.add_attachment(picture(), maintype="image", subtype="png", filename="picha.png")
    made.add_attachment(b"", maintype="image", subtype="png", filename="tupu.png")
    put(sandbox, made)
    with monkeypatch.context() as patch:
        patch.setattr(files, "_scanners", away)
        operations.fetch_mail(timezone.now())
        drain_jobs()
        assert [one.refused for one in Attachment.objects.order_by("id")] == ["NotScanned", "Empty"]
        operations.scan(message_id=Message.objects.get(side="customer").id, now=timezone.now())
    assert "inbox.scan" in drain_jobs(until=timezone.now() + timedelta(minutes=11))
    assert [one.refused for one in Attachment.objects.order_by("id")] == ["", "Empty"]


def test_an_answer_to_a_notice_goes_to_its_matter(sandbox, agent, drain_jobs, now):
    matter = contact.open_matter(
        actor=ANONYMOUS,
        kind="complaint",
        text="Nobody answers.",
        language="en",
        email=ASHA,
        body_code="CRS",
        now=timezone.now(),
    )
    drain_jobs()
    notice = Sent.objects.get(about=matter.id)
    text = "It was on Monday.\n\nOn Mon, 23 Nov 2026 at 10:00, Huduma <no-reply@huduma.example> wrote:\n> We have it"
    put(sandbox, mail(text, In_Reply_To=f"<{notice.id}@huduma>"))
    fetch(drain_jobs)
    assert [one.text for one in contact.remarks_of(matter, internal=False)] == ["It was on Monday."]
    assert Conversation.objects.count() == 0


def hook(kind):
    return f"/hooks/inbox/{kind}/{africastalking_token()}/"


def sms(text, number="ATX1", phone=PHONE):
    client = Client()
    fields = {"id": number, "text": text, "from": phone, "to": "22222", "date": "2026-11-23 10:00:00"}
    return client.post(hook("sms"), urlencode(fields), content_type="application/x-www-form-urlencoded")


def handset(sandbox, phone=PHONE):
    return [one["text"] for one in sandbox.get(f"/phone/api/{phone}").json()["sms"]]


def test_an_sms_opens_a_conversation_once_and_the_answer_comes_by_sms(sandbox, agent, drain_jobs):
    assert sms("Nimelipa lakini sijapata cheti").status_code == 200
    assert sms("Nimelipa lakini sijapata cheti").status_code == 200  # told twice
    drain_jobs()
    sms("Nambari ni 90000002", "ATX2")
    drain_jobs()
    conversation = Conversation.objects.get()
    assert conversation.messages.filter(side="customer").count() == 2
    inbox.reply(actor=agent, conversation_id=conversation.id, text="Tunaangalia.", now=timezone.now())
    drain_jobs()
    assert "Tunaangalia." in handset(sandbox)
    assert sum(references.display(conversation.reference) in text for text in handset(sandbox)) == 1


def test_a_stranger_gets_no_status_and_the_customer_does(sandbox, agent, drain_jobs):
    matter = contact.open_matter(
        actor=ANONYMOUS, kind="complaint", text="Nobody answers.", language="en", phone="0700000002", body_code="CRS",
        now=timezone.now(),
    )  # fmt: skip
    drain_jobs()
    sms(f"STATUS {matter.reference}", "ATX1")
    sms(f"HALI {matter.reference}", "ATX2", "+254700000003")
    drain_jobs()
    assert any("Being dealt with, with: Contact centre" in text for text in handset(sandbox))
    [stranger] = handset(sandbox, "+254700000003")
    assert references.display(matter.reference) not in stranger
    assert not Conversation.objects.exclude(state="closed").exists()


def test_two_machines_that_send_each_other_keywords_end(sandbox, drain_jobs):
    for number in range(22):
        body = urlencode({"id": f"loop{number}", "text": "HELP", "from": "+254700000019"}).encode()
        inbox.receive(source="sms", key=str(number), headers={}, body=body, now=timezone.now())
    drain_jobs()
    assert Message.objects.filter(side="customer").count() == 22
    assert 10 <= Message.objects.filter(side="auto").count() <= 20  # twenty where an hour ends meanwhile


def test_the_wrong_address_or_signature_brings_nothing(sandbox, agent):
    client = Client()
    assert client.post("/hooks/inbox/sms/wrong/", {"id": "1"}).status_code == 404
    assert client.post("/hooks/inbox/voice/wrong/", {"sessionId": "1"}).status_code == 404
    unsigned = client.post("/hooks/inbox/whatsapp/", "{}", content_type="application/json")
    assert unsigned.status_code == 403
    assert Received.objects.count() == 0


def form_call(drain_jobs, **fields):
    told = {"isActive": "1", "sessionId": "ATVId_1", "direction": "Inbound", "callerNumber": PHONE, **fields}
    answer = Client().post(hook("voice"), urlencode(told), content_type="application/x-www-form-urlencoded")
    drain_jobs()
    return answer


def test_a_call_rings_is_taken_and_ends_with_its_recording(sandbox, agent, drain_jobs, now):
    answer = form_call(drain_jobs)
    assert b"<GetDigits" in answer.content
    [ringing] = inbox.list_calls_for(agent, now=timezone.now())
    taken = inbox.take_call(actor=agent, call_id=ringing.id, now=timezone.now())
    assert taken.conversation.assignee_id == agent.account_id
    other = replace(agent, account_id=ids.uuid7())
    with pytest.raises(inbox.NotRinging):  # two clicked at once
        inbox.take_call(actor=other, call_id=ringing.id, now=timezone.now())
    form_call(drain_jobs, isActive="0", durationInSeconds="75", recordingUrl="https://voice.example/1.mp3")
    form_call(drain_jobs, isActive="0", durationInSeconds="75", recordingUrl="https://voice.example/1.mp3")
    ended = Call.objects.get()
    assert (ended.how, ended.seconds, ended.recording) == ("answered", 75, "https://voice.example/1.mp3")
    assert len(journal.entries_concerning(ended.conversation_id, acts=["inbox.call.ended"])) == 1
    assert not Conversation.objects.get().is_waiting
    form_call(drain_jobs, sessionId="gone")
    form_call(drain_jobs, sessionId="gone", isActive="0")
    with pytest.raises(inbox.NotRinging):
        inbox.take_call(actor=agent, call_id=Call.objects.get(session_id="gone").id, now=timezone.now())


def test_a_caller_who_presses_one_is_called_back_and_broken_promises_are_seen(sandbox, agent, drain_jobs):
    form_call(drain_jobs)
    answer = form_call(drain_jobs, dtmfDigits="1")
    assert "Tutakupigia" in answer.content.decode()
    form_call(drain_jobs, isActive="0", durationInSeconds="9")
    assert Call.objects.get().how == "callback"
    later = timezone.now() + timedelta(days=10)
    [promised] = inbox.list_callbacks_for(agent, now=later)
    assert promised.is_overdue
    inbox.settle_callback(actor=agent, callback_id=promised.callback.id, reached=True, now=later)
    assert CallBack.objects.get().state == "kept"
    with pytest.raises(inbox.SettledAlready):
        inbox.settle_callback(actor=agent, callback_id=promised.callback.id, reached=True, now=later)


def webhook(settings, value, secret=""):
    body = _webhook(value)
    signature = meta_signature(body, secret or settings.WHATSAPP_APP_SECRET)
    headers = {"X-Hub-Signature-256": signature}
    return Client().post("/hooks/inbox/whatsapp/", body, content_type="application/json", headers=headers).status_code


def test_whatsapp_in_and_out_signed_and_with_receipts(sandbox, agent, drain_jobs, settings):
    sandbox.post(
        "/_control/incoming/whatsapp", json={"from": PHONE, "text": "Habari"}
    )  # opens the company's window of a day
    told = {
        "contacts": [{"profile": {"name": "Asha"}, "wa_id": PHONE[1:]}],
        "messages": [
            {"from": PHONE[1:], "id": "wamid.1", "timestamp": "1", "type": "text", "text": {"body": "Habari"}}
        ],
    }
    assert webhook(settings, told, "wrong") == 403
    assert [webhook(settings, told), webhook(settings, told)] == [200, 200]
    drain_jobs()
    conversation = Conversation.objects.get()
    assert (conversation.channel, conversation.name, conversation.messages.filter(side="customer").count()) == (
        "whatsapp",
        "Asha",
        1,
    )
    inbox.reply(actor=agent, conversation_id=conversation.id, text="Karibu.", now=timezone.now())
    drain_jobs()
    assert "Karibu." in handset(sandbox)
    said = Message.objects.get(side="staff")
    assert said.sending == "sent"
    webhook(settings, {"statuses": [{"id": said.outside_id, "status": "failed", "recipient_id": PHONE[1:]}]})
    webhook(settings, {"statuses": [{"id": said.outside_id, "status": "delivered", "recipient_id": PHONE[1:]}]})
    drain_jobs()
    said.refresh_from_db()
    conversation.refresh_from_db()
    assert (said.sending, conversation.is_waiting) == ("failed", True)
    later = timezone.now() + timedelta(hours=25)
    with pytest.raises(inbox.WindowOver):
        inbox.reply(actor=agent, conversation_id=conversation.id, text="Bado.", now=later)
    inbox.reply(actor=agent, conversation_id=conversation.id, text="Kwa SMS.", channel="sms", now=later)
    drain_jobs(until=later)
    assert "Kwa SMS." in handset(sandbox)


def test_a_batch_of_whatsapp_is_taken_in_its_order_and_what_is_broken_in_it_keeps_nothing_else(
    agent, drain_jobs, settings
):
    def message(number, phone, at, kind="text", **content):
        return {"from": phone, "id": f"wamid.{number}", "timestamp": str(at), "type": kind, **content}

    first, second = (
        message(1, PHONE[1:], 100, text={"body": "Habari"}),
        message(2, PHONE[1:], 101, text={"body": "Tena"}),
    )
    odd = [
        message(
            3, "254733000000", 50, "interactive", interactive={"type": "list_reply", "list_reply": {"title": "ID card"}}
        ),
        message(4, "254733000000", 51, "location", location={"latitude": -1.29, "longitude": 36.82, "name": "GPO"}),
        message(5, "254733000000", 52, "document", document={"filename": "a.pdf", "caption": "My form"}),
        message(6, "254733000000", 53, "sticker", sticker=[]),
        message(7, "254733000000", 54, "hologram"),
        message(8, "254733000000", 55, "reaction", reaction={"message_id": "wamid.0", "emoji": "\U0001f44d"}),
    ]
    broken = [message(9, "12", 1, text={"body": "x"}), message(10, PHONE[1:], 1, text="x"), {"id": "wamid.11"}]
    told = {
        "messages": [second, *odd, broken[0], first, *broken[1:]],
        "statuses": [{"id": "unknown", "status": "read"}],
    }
    assert webhook(settings, told) == 200
    assert webhook(settings, {"messages": [first, second]}) == 200  # told again in another batch
    drain_jobs()
    hers, his = Conversation.objects.get(address=PHONE), Conversation.objects.get(address="+254733000000")
    assert [one.text for one in hers.messages.filter(side="customer").order_by("at", "id")] == ["Habari", "Tena"]
    assert [one.text for one in his.messages.filter(side="customer").order_by("at", "id")] == [
        "ID card", "[location] GPO, -1.29, 36.82", "[document] a.pdf My form", "[sticker]", "[hologram]", "\U0001f44d"
    ]  # fmt: skip
    [kept] = inbox.list_refused_for(agent, now=timezone.now())
    assert (kept.source, kept.why) == ("whatsapp", "malformed")
    large = {"messages": [message(100 + n, "254733000000", n, text={"body": "x" * 4000}) for n in range(600)]}
    assert webhook(settings, large) == 200  # the company puts up to 3 MB into one
    assert webhook(settings, {"messages": [first], "x": "y" * 4_000_000}) == 413


def test_a_receipt_that_is_quicker_than_the_answer_with_its_id_is_not_lost(sandbox, agent, drain_jobs, settings):
    sandbox.post("/_control/incoming/messenger", json={"from": "7001", "text": "Habari"})
    body = messenger_webhook({"sender": {"id": "7001"}, "message": {"mid": "m_1", "text": "Habari"}})
    told("messenger", body, meta_signature(body, settings.MESSENGER_APP_SECRET))
    drain_jobs()
    said = inbox.reply(actor=agent, conversation_id=Conversation.objects.get().id, text="Karibu.", now=timezone.now())
    receipt = messenger_webhook({"sender": {"id": "7001"}, "delivery": {"mids": ["m_quick"]}})
    told("messenger", receipt, meta_signature(receipt, settings.MESSENGER_APP_SECRET))
    operations.take(received_id=Received.objects.get(state="new").id, now=timezone.now())
    Message.objects.filter(id=said.id).update(sending="sent", outside_id="m_quick")
    drain_jobs()
    assert Message.objects.get(id=said.id).sending == "sent"
    drain_jobs(until=timezone.now() + timedelta(minutes=2))
    assert Message.objects.get(id=said.id).sending == "delivered"


def test_a_receipt_of_whatsapp_finds_a_message_whose_id_was_never_told(agent, drain_jobs, settings):
    message = begin(channel="whatsapp", address=PHONE, language="sw", now=timezone.now()).messages.create(
        at=timezone.now(), side="staff", channel="whatsapp", text="Kiko tayari.", sending="sent"
    )
    for mark in ("", "nonsense", str(message.conversation_id)):
        webhook(settings, {"statuses": [{"id": "wamid.1", "status": "failed", "biz_opaque_callback_data": mark}]})
    drain_jobs()
    assert Message.objects.get(id=message.id).sending == "sent"
    told = {"id": "wamid.1", "status": "failed", "biz_opaque_callback_data": str(message.id)}
    webhook(settings, {"statuses": [told]})
    drain_jobs()
    assert (Message.objects.get().sending, Conversation.objects.get().is_waiting) == ("failed", True)


def test_whatsapp_checks_our_address_by_the_word_that_we_share(settings):
    settings.WHATSAPP_VERIFY_TOKEN = "shared"
    query = {"hub.mode": "subscribe", "hub.verify_token": "shared", "hub.challenge": "12345"}
    assert Client().get("/hooks/inbox/whatsapp/", query).content == b"12345"
    assert Client().get("/hooks/inbox/whatsapp/", query | {"hub.verify_token": "wrong"}).status_code == 403


def test_the_signature_of_a_published_vector():
    body = b'{"object":"whatsapp_business_account","entry":[]}'
    expected = "sha256=d3e4f9da0ce6c71ab3dba55929b8eeeee2455349e534924ead19f98d143e904f"
    assert meta_signature(body, "app-secret") == expected
    assert WhatsApp("http://x", "1", "t", "app-secret").is_signed(body, expected)
    assert not WhatsApp("http://x", "1", "t", "").is_signed(body, expected)


def told(channel, body, signature):
    header = "X-Hub-Signature-256" if channel == "messenger" else "x-twitter-webhooks-signature"
    answer = Client().post(
        f"/hooks/inbox/{channel}/", body, content_type="application/json", headers={header: signature}
    )
    return answer.status_code


def taken_by(sandbox, address):
    return [one["text"] for one in sandbox.get("/_control/messages").json() if one["phone"] == address]


def test_messenger_in_and_out_signed_told_twice_and_with_receipts(sandbox, agent, drain_jobs, settings):
    sandbox.post("/_control/incoming/messenger", json={"from": "7001", "text": "Habari"})  # opens the company's day
    body = messenger_webhook(
        {"sender": {"id": "7001"}, "message": {"mid": "m_1", "text": "Habari, kitambulisho changu?"}}
    )
    again = messenger_webhook(
        {"sender": {"id": "7001"}, "message": {"mid": "m_1", "text": "Habari, kitambulisho changu?"}, "x": 1}
    )
    ours = messenger_webhook({"sender": {"id": "9"}, "message": {"mid": "m_2", "is_echo": True, "text": "Karibu"}})
    secret = settings.MESSENGER_APP_SECRET
    assert told("messenger", body, meta_signature(body, "wrong")) == 403
    assert [told("messenger", one, meta_signature(one, secret)) for one in (body, body, again, ours)] == [200] * 4
    drain_jobs()
    conversation = Conversation.objects.get()
    assert (conversation.channel, conversation.address, conversation.person_id) == ("messenger", "7001", None)
    assert conversation.messages.filter(side="customer").count() == 1
    with pytest.raises(inbox.TooLongThere):
        inbox.reply(actor=agent, conversation_id=conversation.id, text="x" * 2001, now=timezone.now())
    inbox.reply(actor=agent, conversation_id=conversation.id, text="Kiko tayari.", now=timezone.now())
    drain_jobs()
    assert taken_by(sandbox, "7001")[1:] == ["Kiko tayari."]  # after the acknowledgement
    said = Message.objects.get(side="staff")
    receipt = messenger_webhook({"sender": {"id": "7001"}, "delivery": {"mids": [said.outside_id]}})
    told("messenger", receipt, meta_signature(receipt, secret))
    drain_jobs()
    said.refresh_from_db()
    assert said.sending == "delivered"
    sandbox.post("/_control/messenger", json={"fault": "window_over", "times": 1})
    inbox.reply(actor=agent, conversation_id=conversation.id, text="Bado?", now=timezone.now())
    drain_jobs()
    assert Message.objects.get(text="Bado?").why_failed == "window_over"
    with pytest.raises(inbox.WindowOver):
        inbox.reply(
            actor=agent, conversation_id=conversation.id, text="Bado.", now=timezone.now() + timedelta(hours=25)
        )


def test_x_in_and_out_signed_told_twice_and_when_it_has_too_many(sandbox, agent, drain_jobs, settings):
    body = x_webhook("501", "8001", "Where is my passport?", "Asha")
    secret = settings.X_CONSUMER_SECRET
    assert told("x", body, x_signature(body, "wrong")) == 403
    assert told("x", body + b" ", x_signature(body, secret)) == 403
    other = x_webhook("501", "8001", "Where is my passport? ", "Asha")  # the same id, told otherwise
    ours = x_webhook("502", "3000001", "Our own words")
    assert [told("x", one, x_signature(one, secret)) for one in (body, body, other, ours)] == [200] * 4
    drain_jobs()
    conversation = Conversation.objects.get()
    assert (conversation.channel, conversation.name, conversation.language) == ("x", "Asha", "en")
    assert conversation.messages.filter(side="customer").count() == 1
    sandbox.post("/_control/x", json={"fault": "too_many", "times": 1})
    inbox.reply(actor=agent, conversation_id=conversation.id, text="It is ready.", now=timezone.now())
    with pytest.raises(http.Unavailable):  # a worker tries again later
        drain_jobs()
    for _ in range(2):
        operations.hand_over_message(Message.objects.get(side="staff").id)
    assert taken_by(sandbox, "8001")[1:] == ["It is ready."]
    assert Message.objects.get(side="staff").sending == "sent"


def test_x_and_messenger_check_our_address(settings):
    answer = Client().get("/hooks/inbox/x/", {"crc_token": "a-word"})
    assert answer.json() == {"response_token": x_signature(b"a-word", settings.X_CONSUMER_SECRET)}
    assert Client().get("/hooks/inbox/x/").status_code == 403
    assert Client().get("/hooks/inbox/x/", {"crc_token": "x" * 501}).status_code == 403
    forged = '{"for_user_id":"1","direct_message_events":[]}'  # signed, it would pass for a webhook of X
    assert Client().get("/hooks/inbox/x/", {"crc_token": forged}).status_code == 403
    settings.MESSENGER_VERIFY_TOKEN = "shared"
    query = {"hub.mode": "subscribe", "hub.verify_token": "shared", "hub.challenge": "12345"}
    assert Client().get("/hooks/inbox/messenger/", query).content == b"12345"
    assert Client().get("/hooks/inbox/messenger/", query | {"hub.verify_token": ""}).status_code == 403


def test_nonsense_from_x_and_messenger_is_kept_for_a_person(drain_jobs, settings):
    for body in (b"{}", b"[]", b'{"object":"page","entry":[{"messaging":[{"message":{"mid":"1"}}]}]}', b"\xff"):
        told("messenger", body, meta_signature(body, settings.MESSENGER_APP_SECRET))
        told("x", body, x_signature(body, settings.X_CONSUMER_SECRET))
    drain_jobs()
    assert Received.objects.filter(state="refused", why="malformed").count() >= 6
    assert not Conversation.objects.exists()
