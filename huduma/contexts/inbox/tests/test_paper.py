"""A letter or a talk in person, written down: a conversation like others."""

import pytest

from huduma.contexts.inbox import public as inbox
from huduma.foundation.access import NotPermitted
from huduma.foundation.files import public as files

PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF"


def test_a_letter_of_a_known_customer_waits_like_any_other_message(customer, staff, now):
    written = inbox.write_down(
        actor=staff(), channel="letter", text="My certificate has a wrong name.", language="sw", person_id=customer.person_id,
        scans=[inbox.Attached("letter.pdf", PDF)], now=now,
    )  # fmt: skip
    assert (written.channel, written.person_id, written.is_waiting) == ("letter", customer.person_id, True)
    (said,) = inbox.said_in(written, notes=True)
    (scan,) = said.attachments.all()
    assert bytes(scan.file.content) == PDF
    assert set(inbox.ways_of(written)) == {"sms", "phone", "email"}
    assert written.id in {one.id for one in inbox.list_for(staff(), channel="letter").conversations}


def test_a_talk_of_somebody_unknown_and_what_is_refused(bodies, staff, now):
    talk = inbox.write_down(
        actor=staff(),
        channel="counter",
        text="Where do I pay?",
        language="en",
        name="Juma",
        phone="0700 000 009",
        now=now,
    )
    assert (talk.person_id, talk.phone, talk.is_proven) == (None, "+254700000009", False)
    common = {"actor": staff(), "channel": "letter", "language": "sw", "now": now}
    with pytest.raises(inbox.EmptyMessage):
        inbox.write_down(text=" ", **common)
    with pytest.raises(files.WrongType):
        inbox.write_down(text="A letter.", scans=[inbox.Attached("a.pdf", b"<html></html>")], **common)
    with pytest.raises(NotPermitted):
        inbox.write_down(**{**common, "actor": staff("Fatuma", "focal", "CRS")}, text="A letter.")
    assert inbox.list_for(staff(), channel="letter").conversations == []
