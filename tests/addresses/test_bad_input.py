"""What no page of ours sends: whoever is let in sends it to every address, and none answers by a fault."""

import re
from datetime import timedelta
from functools import cache
from typing import Any
from zlib import crc32

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from huduma.contexts.crm import public as crm
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Account
from huduma.contexts.outreach.operations.devices import digest_of
from huduma.foundation.access import ANONYMOUS, ROLES, ROLES_IN_BODY, SYSTEM
from tests.addresses.rows import BODY, SECRET, Rows, addresses
from tests.addresses.test_strangers import filled, undone

pytestmark = pytest.mark.django_db
BAD = (
    "\0", "x" * 2_000, "-1", "9" * 20, "2026-13-45", "0001-01-01", "9999-12-31T23:59:59+14:00", "\ufffe\u202e😀" * 30, "[]",
    '{"a": 1}', "NaN", "1e400", "\x1f\x7f'\";--%s%n{}", "+254" + "7" * 40, "²", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
#: What was a fault once is sent always; each other address gets one of BAD, which one its name tells.
ONCE = {
    "ask_mandate": "9" * 20,
    "assist": "9" * 20,
    "special_days": "9" * 20,
    "spread": "²",
    "staffing": "0001-01-01",
    "plan": "0001-01-01",
}
#: These show a row as a whole; those of `Rows` make no sense.
WHOLE = """
redesign_version redesign_service charter check withdraw my_applications application apply_page entry case statement_file
""".split()
JSON = (
    b"", b"[]", b"null", b"{", b'{"text": "\\ud800\\u0000", "outcome": 7}', b'{"records": [1, null, {"id": "\\u0000"}]}', b"[" * 5000,
    b'{"visit": "%s", "name": "\\ud800"}', b'{"visit": "%s", "name": "a\\u0000"}', b'{"records": 1e999}', b"\xff\xfe", b'{"ids": [{}]}',
)  # fmt: skip
NAME = re.compile(r'"([a-z][a-z_.]{0,29})"')


@cache
def names_read(module: str) -> list[str]:
    """Return what may be the name of a field in a module of a channel: every short word that it quotes."""
    return sorted(set(NAME.findall((settings.BASE_DIR / f"huduma/channels/{module.replace('.', '/')}.py").read_text())))


@pytest.fixture
def rows(db: None) -> Rows:
    return Rows()


@pytest.fixture
def insiders(rows, now, enter_desk) -> dict[str, Client]:
    """Browsers of who holds every role, and of the person of whom the rows are."""
    found = {who: Client(raise_request_exception=False) for who in ("staff", "owner")}
    account = identity.open_staff_account(
        actor=SYSTEM, email="all@example.org", password="correct-horse-battery", first_name="Juma", surname="Mfano", now=now,
    )  # fmt: skip
    for role in ROLES:
        body = BODY if role in ROLES_IN_BODY else None
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
    enter_desk(found["staff"], account)
    citizen = identity.open_account(actor=ANONYMOUS, phone="+254700000001", language="en", now=now)
    Account.objects.filter(id=citizen.id).update(person_id=rows["identity.Person"].pk)
    found["owner"].force_login(Account.objects.get(id=citizen.id))
    return found


def fault(client: Client, method: str, path: str, caplog: Any, *sent: Any, **more: Any) -> str:
    """Ask; return what broke, or nothing."""
    caplog.clear()
    with undone(client):
        answer = getattr(client, method)(path, *sent, **more)
    broken = next((repr(one.exc_info[1]) for one in caplog.records if one.exc_info), "")
    if (
        answer.status_code < 500 or SECRET in broken
    ):  # the latter: not of what was sent, but of a row that makes no sense
        return ""
    return f"{method} {path} {broken}"


def test_no_field_of_any_form_and_no_query_breaks_a_page(rows, insiders, caplog):
    found = []
    for address in addresses():
        if address.name in WHOLE:
            continue
        client = insiders["staff" if address.channel in ("desk", "outreach", "outreach_api") else "owner"]
        bad = ONCE.get(address.name, BAD[crc32(address.name.encode()) % len(BAD)])
        typed = dict.fromkeys(names_read(address.module), bad)
        path = filled(address, rows)
        found += [fault(client, method, path, caplog, typed) for method in ("get", "post")]
    assert not any(found), "\n".join(filter(None, found))


def test_no_body_breaks_what_programs_and_tablets_call(rows, insiders, caplog):
    now = timezone.now()
    account = insiders["staff"].session["_auth_user_id"]
    visit, device = rows["outreach.Visit"], rows["outreach.Device"]
    type(device).objects.filter(id=device.id).update(
        state="active", token_digest=digest_of("ours"), account_id=account, expires_at=now + timedelta(days=1)
    )
    link = rows["crm.Link"]
    type(link).objects.filter(id=link.id).update(closed_at=None)
    link.refresh_from_db()
    tokens = {"outreach_api": "ours", "api": crm.token_of(link), "hooks": "x"}
    metadata = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": "9" * 20,
        "Upload-Metadata": "é =,id \ud800",
        "Upload-Offset": "²",
    }
    found = []
    for address in addresses():
        if address.channel not in tokens:
            continue
        client = insiders["staff"] if address.name == "devices" else Client(raise_request_exception=False)
        headers = {"Authorization": f"Bearer {tokens[address.channel]}", **metadata}
        for body in JSON:
            sent = body.replace(b"%s", str(visit.id).encode())
            for method in ("post", "patch"):
                more = {"content_type": "application/json", "headers": headers}
                found.append(fault(client, method, filled(address, rows), caplog, sent, **more))
    assert not any(found), "\n".join(sorted(set(filter(None, found))))
