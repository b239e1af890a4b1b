"""Every address of every channel, asked for somebody else's rows: nobody gets them, and nothing happens to them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from huduma.contexts.crm import public as crm
from huduma.contexts.identity import public as identity
from huduma.contexts.outreach.operations.devices import digest_of
from huduma.contexts.places.models import PublicBody
from huduma.foundation import references
from huduma.foundation.access import ANONYMOUS, SYSTEM
from tests.addresses.classes import ACTS, CLASSES, RECORDS, class_of
from tests.addresses.rows import BODY, PHONE, SECRET, Address, Rows, addresses

pytestmark = pytest.mark.django_db
IDS = {
    "upload_id": "applications.Upload", "case_id": "applications.Application", "proposal_id": "catalogue.Proposal",
    "appointment_id": "centres.Appointment", "block_id": "centres.NumberBlock", "collectable_id": "centres.Collectable",
    "matter_id": "contact.Matter", "problem_id": "contact.Problem", "link_id": "crm.Link", "delivery_id": "crm.Delivery",
    "person_id": "identity.Person", "received_id": "inbox.Received", "attachment_id": "inbox.Attachment",
    "conversation_id": "inbox.Conversation", "call_id": "inbox.Call", "callback_id": "inbox.CallBack",
    "waiver_id": "payments.Waiver", "payment_id": "payments.Payment", "rate_id": "payments.ExchangeRate",
    "refund_id": "payments.Refund", "roster_id": "planning.Roster", "account_id": "identity.Account",
    "task_id": "process.Task", "duplicate_id": "identity.Duplicate", "merge_id": "identity.Merge",
    "innovation_id": "reengineering.Innovation", "simulation_id": "reengineering.Simulation",
    "receivable_id": "payments.Receivable", "version_id": "catalogue.ServiceVersion",
    "statement_id": "settlement.Statement", "batch_id": "settlement.Batch", "credential_id": "credentials.Credential",
    "visit_id": "outreach.Visit", "record_id": "outreach.Record", "device_id": "outreach.Device",
    "ticket_id": "centres.Ticket", "waiter_id": "centres.Waiter", "bill_id": "payments.Bill",
    "application_id": "applications.Application", "agreement_id": "applications.Agreement",
    "representation_id": "identity.Representation", "line_id": "settlement.StatementLine", "file_id": "outreach.HeldFile",
}  # fmt: skip
REFERENCES = {
    "desk.payments": "payments.Bill", "portal.payments": "payments.Bill", "portal.credentials": "credentials.Credential",
    "portal.contact": "contact.Matter", "portal.applications": "applications.Application", "api": "contact.Matter",
    "portal.centres": "centres.Appointment",
}  # fmt: skip
WORDS = {
    "token": "x" * 32, "key": "ABCDEFGHJKMNPQRS", "address": "mpesa", "name": "service", "slug": "birth", "number": 1,
    "first": 1, "second": 2, "page_id": "p", "field": "f", "entry_id": "e", "body": BODY, "body_code": BODY, "team": "t",
    "on": "2026-11-26", "account": "cash", "kind": "complaint",
}  # fmt: skip
BEGINNING = "/en/desk/collections/"  # where an auditor begins
REASON = "A reason that is long enough to be taken."


def filled(address: Address, rows: Rows) -> str:
    """Return the path of an address with the other's rows in it."""
    model = next((one for where, one in REFERENCES.items() if address.module.startswith(where)), "contact.Matter")
    codes = {
        "body": BODY, "county": rows["places.County"].code, "centre": BODY, "book": BODY,
        **dict.fromkeys(("read_article", "answer", "answer_helped"), rows["knowledge.Article"].code),
    }  # fmt: skip
    code = rows["catalogue.Service"].code
    if address.name in codes or address.channel == "display":
        code = codes.get(address.name, BODY)
    elif address.name.startswith("article"):
        code = rows["knowledge.Article"].code
    found = {name: rows[model].pk for name, model in IDS.items()}
    return address.filled({**found, **WORDS, "reference": rows[model].reference, "code": code})


def typed_of(rows: Rows) -> dict[str, str]:
    """Return what could be typed into any of the forms, about the other's rows."""
    return {
        "text": REASON, "reason": REASON, "note": REASON, "decision": "approve", "outcome": "approve",
        "account": str(rows["identity.Account"].pk), "person": str(rows["identity.Person"].pk),
        "visit": str(rows["outreach.Visit"].pk), "name": "Tablet",
    }  # fmt: skip


@pytest.fixture
def rows(db: None) -> Rows:
    return Rows()


@pytest.fixture
def strangers(rows, now, enter_desk) -> dict[str, Client]:
    """Browsers of nobody, a citizen, and staff of another body: one who decides there, and one who only counts."""
    found = {who: Client(raise_request_exception=False) for who in ("anonymous", "citizen", "supervisor", "analyst")}
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000001", language="en", now=now)
    facts = identity.IdentityFacts(
        id_number="90000001", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    found["citizen"].force_login(account)
    PublicBody.objects.create(code="OTH", name_en="Other", name_sw="Other", kind="department", level="national")
    for role in ("supervisor", "analyst"):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{role}@example.org", password="correct-horse-battery", first_name="Juma",
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code="OTH", now=now)
        enter_desk(found[role], account)
    return found


@contextmanager
def undone(client: Client) -> Iterator[None]:
    """Whatever a request does, also to the session, is taken back."""
    jar = client.cookies.copy()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    client.cookies = jar


def wrongs(kind: str, who: str, method: str, answer: Any) -> Iterator[str]:
    """Say what is wrong with how a stranger was answered."""
    status, to = answer.status_code, answer.get("Location", "")
    if status >= 500:
        yield "fault"
    if kind in ("open", "steps"):
        return
    if who == "anonymous" and status in (301, 302) and method == "post" and "/sign-in/" not in to and kind != "steps":
        yield "done for nobody"
    is_in = {
        "signed in": who != "anonymous",
        "staff": who in ("supervisor", "analyst"),
        "officers": who == "supervisor",
    }
    if (
        status in (200, 422)
        and not is_in.get(kind, False)
        and not (kind == "officers" and who == "analyst" and status == 422)
    ):
        yield "let in"
    if kind == "shut" and method == "post" and who != "anonymous" and status in (301, 302):
        yield "done"


def hear(client: Client, method: str, path: str, caplog: Any, **more: Any) -> tuple[Any, str, list[str]]:
    """Ask; return the answer, what it, the logs and new jobs say, and which acts the journal has of it."""
    caplog.clear()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(sequence), 0), (SELECT coalesce(max(id), 0) FROM procrastinate_jobs) FROM journal_entry"
        )
        last_entry, last_job = cursor.fetchone()
        answer = getattr(client, method)(path, **more)
        said = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode(errors="replace")
        said += answer.get("Location", "") + caplog.text
        if answer.status_code >= 500:
            return answer, said, []
        cursor.execute("SELECT act FROM journal_entry WHERE sequence > %s AND act <> 'access.refused'", [last_entry])
        acts = [act for (act,) in cursor.fetchall()]
        cursor.execute("SELECT string_agg(args::text, '') FROM procrastinate_jobs WHERE id > %s", [last_job])
        return answer, said + (cursor.fetchone()[0] or ""), acts


def test_every_address_is_written_down_and_no_class_names_one_that_is_gone():
    known = {(one.channel, one.name) for one in addresses()}
    assert not {one for one in known if not class_of(*one)}, "write what these are into tests/addresses/classes.py"
    written = {
        (channel, name) for named in CLASSES.values() for channel, names in named.items() for name in names.split()
    }
    assert written == known


def test_no_stranger_gets_in(rows, strangers, caplog):
    caplog.set_level("INFO")
    typed = typed_of(rows)
    found = []
    for address in addresses():
        kind, path = class_of(address.channel, address.name), filled(address, rows)
        for who, client in strangers.items():
            if who in ("supervisor", "analyst") and address.channel not in ("desk", "outreach", "outreach_api"):
                continue
            sent = {"content_type": "application/json"} if address.channel == "outreach_api" else {}
            for method, more in (("get", {}), ("post", {"data": typed, **sent})):
                with undone(client):
                    answer, said, acts = hear(client, method, path, caplog, **more)
                wrong = list(wrongs(kind, who, method, answer))
                known = f"{address.channel}:{address.name}" in RECORDS and who == "supervisor"
                if (SECRET in said or PHONE in said) and not known:
                    wrong.append("personal data")
                expected = ACTS.get(f"{address.channel}:{address.name}", "-")
                wrong += [act for act in acts if not act.startswith(expected)]
                if wrong:
                    found.append(
                        f"{who} {method} {address.channel}:{address.name} {answer.status_code}: {', '.join(wrong)}"
                    )
    assert not found, "\n".join(found)


def test_a_tablet_and_a_program_of_another_body_get_nothing(rows, strangers, caplog):
    """They have a token, which is theirs."""
    now = timezone.now()
    other = PublicBody.objects.get(code="OTH")
    visit = rows.another(
        "outreach.Visit", reference=references.mint("HM"), starts_at=now, ends_at=now + timedelta(hours=1)
    )
    rows.another(
        "outreach.Device", visit_id=visit.id, code="Z999", state="active", token_digest=digest_of("theirs"),
        account_id=strangers["supervisor"].session["_auth_user_id"], expires_at=now + timedelta(days=1),
    )  # fmt: skip
    link = rows.another("crm.Link", body_id=other.code, client_id="other", closed_at=None)
    tokens = {"outreach_api": "theirs", "api": crm.token_of(link)}
    record = {
        "records": [{"id": str(rows["outreach.Record"].pk), "kind": "ticket", "made_at": now.isoformat(), "body": {}}]
    }
    found = []
    for address in addresses():
        if class_of(address.channel, address.name) != "shut" or address.channel not in tokens:
            continue
        path, client = filled(address, rows), Client(raise_request_exception=False)
        more = {"headers": {"Authorization": f"Bearer {tokens[address.channel]}"}, "content_type": "application/json"}
        for method, body in (("get", None), ("post", json.dumps({"text": REASON, **record}))):
            with undone(client):
                answer, said, acts = hear(client, method, path, caplog, **more, **({"data": body} if body else {}))
            if answer.status_code >= 500 or acts or SECRET in said or PHONE in said:
                found.append(f"{method} {address.channel}:{address.name} {answer.status_code} {acts} {said[:200]}")
    assert not found, "\n".join(found)


def test_an_auditor_reads_and_does_nothing(rows, enter_desk, now, caplog):
    """Of the desk: whatever they send, they may not, and nothing happens."""
    client = Client(raise_request_exception=False)
    account = identity.open_staff_account(
        actor=SYSTEM, email="auditor@example.org", password="correct-horse-battery", first_name="Neema",
        surname="Mfano", now=now,
    )  # fmt: skip
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="auditor", body_code=None, now=now)
    enter_desk(client, account)
    day = str(timezone.localdate() - timedelta(days=1))
    typed = typed_of(rows) | {"day": day, "rate": "130.5", "source": "daraja", "kind": "charge"}
    found = []
    for address in addresses():
        if address.channel != "desk" or class_of(address.channel, address.name) in ("open", "steps"):
            continue
        path = filled(address, rows)
        with undone(client):
            reads = client.get(path).status_code not in (403, 404, 405)
        with undone(client):
            slip = SimpleUploadedFile("slip.csv", b"Receipt No.\n")
            answer, _, acts = hear(client, "post", path, caplog, data={**typed, "file": slip})
        done = answer.status_code in (301, 302) and answer["Location"] != BEGINNING
        if acts or done or answer.status_code == 422 or (not reads and answer.status_code not in (403, 404, 405)):
            found.append(f"{address.name} {answer.status_code} {answer.get('Location', '')} {acts}")
    assert not found, "\n".join(found)
