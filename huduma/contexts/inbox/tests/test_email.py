"""Mails, well made and badly made, read as they are."""

import sys
from contextlib import suppress
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huduma.contexts.inbox.providers.base import Incoming, Unreadable
from huduma.contexts.inbox.providers.email import Email, as_text

READER = Email("help@huduma.example", "mx.huduma.example")


def mail(text="Habari", **headers):
    made = EmailMessage()
    made["From"], made["To"] = "Asha Mfano <Asha@Mfano.example>", "help@huduma.example"
    made["Message-ID"], made["Subject"] = "<one@mfano.example>", "Cheti"
    for name, value in headers.items():
        del made[name.replace("_", "-")]
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def read(made) -> Incoming:
    [incoming] = READER.read({}, made if isinstance(made, bytes) else made.as_bytes())
    return incoming


def test_a_usual_mail():
    incoming = read(mail(In_Reply_To="<b@x>", References="<a@x> <b@x>"))
    assert (incoming.address, incoming.name, incoming.subject, incoming.text) == (
        "asha@mfano.example", "Asha Mfano", "Cheti", "Habari",
    )  # fmt: skip
    assert (incoming.outside_id, incoming.answers) == ("one@mfano.example", ("b@x", "b@x", "a@x"))
    assert (incoming.is_automatic, incoming.is_proven) == (False, False)


def test_scripts_are_neutralised_and_words_stay():
    made = mail("")
    made.set_content(
        "<html><head><style>p{}</style></head><body><p>Habari &amp; asante</p><script>alert(1)</script>"
        "<img src=x onerror=alert(2)><div>Pili</div></body></html>",
        subtype="html",
    )
    assert read(made).text == "Habari & asante\nPili"
    assert as_text("<<<>>>\x00") is not None
    assert as_text("<!-- saved --><html><!-- x --><body><p>Habari</p></body></html><!-- end -->") == "Habari"


def test_plain_text_wins_over_html_and_files_are_kept_apart():
    made = mail("Maneno")
    made.add_alternative("<p>Words</p>", subtype="html")
    made.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="../../etc/cheti.pdf")
    incoming = read(made)
    assert (incoming.text, [(one.name, one.content) for one in incoming.files]) == (
        "Maneno", [("../../etc/cheti.pdf", b"%PDF-1.4 x")],
    )  # fmt: skip


def test_a_photo_without_a_name_every_file_and_the_end_of_a_long_text_are_seen():
    made = mail("x" * 30_000)
    for _ in range(30):
        made.add_attachment(b"photo", maintype="image", subtype="jpeg")
    incoming = read(made)
    assert (len(incoming.files), incoming.files[29].name) == (30, "image.jpeg")
    assert incoming.text.endswith("x\n[…]")


@pytest.mark.parametrize(
    "header",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"Return_Path": "<>"},
        {"List_Id": "<news.example>"},
        {"X_Auto_Response_Suppress": "All"},
        {"From": "help@huduma.example"},
        {"Authentication_Results": "mx.huduma.example; spf=pass (dmarc=pass) smtp.mailfrom=x.example; dmarc = fail"},
    ],
)
def test_a_machine_is_known(header):
    assert read(mail(**header)).is_automatic


def test_only_our_own_servers_word_proves_a_sender():
    said = "mx.huduma.example; dmarc=pass header.from=mfano.example"
    assert read(mail(Authentication_Results=said)).is_proven
    assert not read(mail(Authentication_Results="elsewhere.example; dmarc=pass")).is_proven
    assert not read(mail(Authentication_Results=said.replace("pass", "fail"))).is_proven
    assert not read(mail(Authentication_Results='mx.huduma.example; spf=pass smtp.mailfrom="dmarc=pass"')).is_proven
    ours = (
        f"Authentication-Results: {said.replace('pass', 'fail')}\n".encode()
    )  # a server writes above what came with the mail
    assert not read(ours + mail(Authentication_Results=said).as_bytes()).is_proven


BOUNCE = """From: Mail Delivery <MAILER-DAEMON@mfano.example>
To: help@huduma.example
Subject: Undelivered
Message-ID: <bounce@mfano.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

It did not arrive.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mfano.example

Final-Recipient: rfc822; asha@mfano.example
Action: {action}
Status: 5.1.1

--B
Content-Type: message/rfc822

Message-ID: <01890000-0000-7000-8000-000000000001@huduma>
Subject: Hello

Text
--B--
"""


def test_a_bounce_names_what_was_not_delivered():
    incoming = read(BOUNCE.format(action="failed").encode())
    assert (incoming.undelivered, incoming.is_automatic) == ("01890000-0000-7000-8000-000000000001@huduma", True)
    assert read(BOUNCE.format(action="delayed").encode()).undelivered == ""


def test_what_has_no_sender_or_too_many_parts_is_refused_with_a_reason():
    with pytest.raises(Unreadable, match="no_sender"):
        READER.read({}, b"Subject: x\n\ntext")
    parts = b"".join(b"--B\nContent-Type: text/plain\n\nx\n" for _ in range(300))
    with pytest.raises(Unreadable, match="too_many_parts"):
        READER.read({}, b"From: a@b.example\nContent-Type: multipart/mixed; boundary=B\n\n" + parts + b"--B--")


MANY = 100_000


def with_much(name, value):
    """Return a mail with one header of much."""
    head = b"From: Asha Mfano <asha@mfano.example>\nMessage-ID: <one@mfano.example>\n"
    return head + name + b": " + value + b"\n\nHabari yako"


@pytest.mark.parametrize(
    "raw",
    [
        with_much(b"Subject", b"=?utf-8?q?Cheti?= " * MANY),
        with_much(b"Content-Type", b"text/plain" + b"; a=b" * MANY),
        with_much(b"References", b"<a@x> " * MANY),
        with_much(b"Auto-Submitted", b"no " + b"(" * MANY),
        with_much(b"Content-Type", b"multipart/mixed; boundary=B") + b"\n--B\n" * MANY,
        with_much(b"Content-Type", b"multipart/mixed; boundary=B") + b"\r--B\r" * MANY,
        with_much(
            b"Content-Type",
            b"multipart/mixed; boundary=B\n" * 2 + b"\n--B\nContent-Type: multipart/mixed; boundary=C\n" * MANY,
        ),
    ],
    ids=["subject", "type", "references", "comment", "parts", "parts-by-returns", "nests"],
)
def test_no_mail_keeps_a_worker_busy(raw):
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += 1
        if calls > MANY:
            raise KeyboardInterrupt  # of those that nobody catches on the way

    sys.setprofile(count)
    try:
        with suppress(Unreadable):
            incoming = read(raw)
            assert (incoming.address, incoming.text) == ("asha@mfano.example", "Habari yako")
    except KeyboardInterrupt:
        pytest.fail("the parser is still busy")
    finally:
        sys.setprofile(None)


def test_the_words_of_a_header_that_cannot_be_parsed_are_kept():
    assert read(with_much(b"Subject", "Cheti cha mwanangu – é ".encode() * 100)).subject.startswith(
        "Cheti cha mwanangu – é"
    )
    answered = b"<b@x> " * 500 + b"<last@mfano.example>"
    assert read(with_much(b"References", answered)).answers[0] == "last@mfano.example"


def test_wrong_character_sets_and_broken_encodings_are_read_as_far_as_they_go():
    for charset, encoding in (
        ("klingon", "8bit"),
        ("utf-8", "base64"),
        ("utf-16", "quoted-printable"),
        ("", "nonsense"),
    ):
        raw = f"From: a@b.example\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\nHabari \xff="
        assert isinstance(read(raw.encode("latin-1")).text, str)


ODD = st.lists(
    st.sampled_from(
        ["=?utf-8?q?=00?=", "=?klingon?b?AAAA?=", "=?utf-8?b?!", "\0", "\xe9", "<", ">", "@", '"', "(", ";", "charset=", "undefined", "hex",
         "filename*=utf-8''%00%ff.pdf", "attachment", "text/html", "multipart/mixed", "boundary=B", "base64", "\r\n ", "a@b.example", " "]
    ), max_size=8,
).map("".join)  # fmt: skip
NAMES = (
    "Subject",
    "Message-ID",
    "References",
    "In-Reply-To",
    "To",
    "Auto-Submitted",
    "Return-Path",
    "List-Id",
    "Date",
    "X-Odd",
)
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), ODD).map(": ".join), max_size=5)
PARTS = st.lists(
    st.tuples(st.sampled_from(["Content-Type", "Content-Disposition", "Content-ID"]), ODD).map(": ".join), max_size=4
)


@given(HEADERS, PARTS, st.sampled_from(["utf-8", "latin-1", "klingon", "hex", "\0", ""]))
def test_whatever_its_headers_a_mail_with_a_sender_is_taken_with_its_words(headers, parts, charset):
    lines = [
        "From: Asha Mfano <asha@mfano.example>", *headers, "Content-Type: multipart/mixed; boundary=Z", "", "--Z", *parts, "", "junk",
        "--Z", f"Content-Type: text/plain; charset={charset}", "", "Habari yako", "--Z--", "",
    ]  # fmt: skip
    incoming = read("\n".join(lines).encode("latin-1"))
    assert incoming.address == "asha@mfano.example"
    assert "Habari yako" in incoming.text
    kept = (
        incoming.outside_id,
        incoming.text,
        incoming.name,
        incoming.subject,
        *incoming.answers,
        *(one.name for one in incoming.files),
    )
    for one in kept:
        assert "\0" not in one
        one.encode()  # what is half a character would raise


@given(st.binary(max_size=2000))
def test_no_bytes_break_the_reading(junk):
    for raw in (junk, b"From: a@b.example\n" + junk):
        with suppress(Unreadable):
            read(raw)
