"""Anybody checks a document by reference or by file; a void one says so."""

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from playwright.sync_api import expect

from huduma.contexts.credentials import public as credentials
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, Actor

pytestmark = pytest.mark.browser


@pytest.fixture
def issued(portal, drain_jobs):
    holder = Actor(kind="person", channel="portal", person_id=ids.uuid7())
    credential = credentials.issue_credential(
        actor=SYSTEM,
        issued_for=ids.uuid7(),
        template=(django_settings.SERVICES_DIR / "birth-cert-current" / "certificate.typ").read_text(),
        title={"en": "Birth certificate", "sw": "Cheti cha kuzaliwa"},
        data={
            "body": {"en": "Civil Registration Services", "sw": "Idara ya Usajili wa Kuzaliwa na Vifo"},
            "facts": [{"en": "Name", "sw": "Jina", "value": "Pendo Asha Mfano"}],
        },
        holder_person_id=holder.person_id,
        body_code="CRS",
        service_code="birth-cert-current",
        now=timezone.now(),
    )
    drain_jobs()
    return credentials.get_document_for(holder, credential.id, now=timezone.now())


def test_by_reference_by_file_and_after_it_was_revoked(portal, page, issued, sound, tmp_path):
    credential, pdf = issued
    page.goto(f"{portal}/en/verify/")
    sound(page)
    page.get_by_label("Reference on the document").fill(credential.reference.lower())
    page.get_by_role("button", name="Check the reference").click()
    page.get_by_role("heading", name="This document is valid").wait_for()
    expect(page.locator("body")).not_to_contain_text("Pendo")
    sound(page)
    page.get_by_role("link", name="Kiswahili").click()
    page.get_by_role("heading", name="Hati hii ni halali").wait_for()
    sound(page)
    (tmp_path / "altered.pdf").write_bytes(pdf + b"\n% added\n")
    page.get_by_role("link", name="Hakiki hati nyingine").click()
    page.get_by_label("Faili ya PDF").set_input_files(tmp_path / "altered.pdf")
    page.get_by_role("button", name="Hakiki faili").click()
    page.get_by_role("heading", name="Faili hii imebadilishwa").wait_for()
    sound(page)
    credentials.revoke_credential(
        actor=SYSTEM, credential_id=credential.id, reason="Entered in error", now=timezone.now()
    )
    page.goto(f"{portal}/en/verify/{credential.reference}/")
    page.get_by_role("heading", name="This document is void").wait_for()
    sound(page)
