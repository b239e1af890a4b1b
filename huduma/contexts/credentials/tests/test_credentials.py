"""Documents are signed once, verified by anybody, and revoked with a reason."""

import io

import jsonschema_rs
import pytest
from django.conf import settings
from pypdf import PdfReader

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.credentials import public as credentials
from huduma.contexts.credentials.providers import typesetting
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, NotFound, NotPermitted
from huduma.foundation.journal import public as journal

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(now, citizen_actor):
    def place(issued_for=None, **changes):
        options = {
            "issued_for": issued_for or ids.uuid7(),
            "template": (settings.SERVICES_DIR / "birth-cert-current" / "certificate.typ").read_text(),
            "title": {"en": "Birth certificate", "sw": "Cheti cha kuzaliwa"},
            "data": {
                "body": {"en": "Civil Registration Services", "sw": "Idara ya Usajili wa Kuzaliwa na Vifo"},
                "facts": [{"en": "Name", "sw": "Jina", "value": "Pendo #strong[Mfano]"}],
            },
            "holder_person_id": citizen_actor.person_id,
            "body_code": "CRS",
            "service_code": "birth-cert-current",
            **changes,
        }
        return credentials.issue_credential(actor=SYSTEM, now=now, **options)

    return place


@pytest.fixture
def issued(order, drain_jobs):
    credential = order()
    drain_jobs()
    credential.refresh_from_db()
    return credential


def test_a_template_reads_what_the_published_schema_says(issued):
    schema = jsonschema_rs.validator_for(catalogue.schema("certificate"))
    assert schema.is_valid(typesetting.SAMPLE)
    assert not schema.is_valid({**typesetting.SAMPLE, "colour": "red"})
    assert set(issued.data) == {"body", "facts"} <= set(typesetting.SAMPLE)


def bytes_of(credential, actor, now):
    return credentials.get_document_for(actor, credential.id, now=now)[1]


def test_a_case_has_one_document(order, drain_jobs, citizen_actor, now):
    case = ids.uuid7()
    assert order(case).id == order(case).id
    assert drain_jobs().count("credentials.sign") == 1
    assert [e.act for e in journal.entries_concerning(case)] == ["credentials.credential.issued"]


def test_the_document_shows_its_facts_as_text_never_as_markup(issued, citizen_actor, now):
    text = PdfReader(io.BytesIO(bytes_of(issued, citizen_actor, now))).pages[0].extract_text()
    assert "Pendo #strong[Mfano]" in text
    assert "SPECIMEN" in text


def test_anybody_can_verify_by_reference_or_file_and_learns_no_name(issued, citizen_actor, now):
    by_reference = credentials.verify_reference(issued.reference.lower())
    by_file = credentials.verify_document(bytes_of(issued, citizen_actor, now))
    assert by_reference == by_file
    assert by_reference.state == "valid"
    assert "Pendo" not in str(by_reference)


def test_an_altered_or_foreign_file_is_told_apart(issued, citizen_actor, now):
    pdf = bytes_of(issued, citizen_actor, now)
    assert credentials.verify_document(pdf + b"\n% appended\n").state == "altered"
    position = pdf.index(b"stream") + 20
    damaged = pdf[:position] + bytes([pdf[position] ^ 1]) + pdf[position + 1 :]
    assert credentials.verify_document(damaged).state in ("altered", "unknown")
    assert credentials.verify_document(b"%PDF-1.7 not ours").state == "unknown"
    assert credentials.verify_document(b"").state == "unknown"
    assert credentials.verify_reference("HC0000000000").state == "unknown"


def test_a_revoked_document_is_void_for_everybody(issued, citizen_actor, officer_actor, now):
    pdf = bytes_of(issued, citizen_actor, now)
    boss = officer_actor("CRS", "supervisor")
    with pytest.raises(credentials.ReasonMissing):
        credentials.revoke_credential(actor=boss, credential_id=issued.id, reason=" ", now=now)
    credentials.revoke_credential(actor=boss, credential_id=issued.id, reason="Entered in error", now=now)
    assert credentials.verify_document(pdf).state == "revoked"
    assert credentials.verify_reference(issued.reference).state == "revoked"


@pytest.mark.parametrize(("body", "role"), [("CRS", "officer"), ("DCI", "supervisor")])
def test_only_a_supervisor_of_the_body_revokes(issued, officer_actor, now, body, role):
    with pytest.raises(NotPermitted):
        credentials.revoke_credential(actor=officer_actor(body, role), credential_id=issued.id, reason="x", now=now)


def test_a_stranger_finds_nothing_and_every_reading_is_journalled(issued, citizen_actor, officer_actor, now):
    with pytest.raises(NotFound):
        credentials.get_document_for(officer_actor("DCI"), issued.id, now=now)
    bytes_of(issued, citizen_actor, now)
    bytes_of(issued, officer_actor("CRS"), now)
    reads = journal.entries_concerning(citizen_actor.person_id, acts=["credentials.credential.read"])
    assert [entry.channel for entry in reads] == ["desk", "portal"]


@pytest.mark.parametrize(
    "template",
    [
        '#import "@preview/cetz:0.3.0"',
        '#{ import "@preview/cetz:0.3.0" }',
        '#let p = "@" + "preview/cetz:0.3.0"\n#import p',
        '#include "/etc/passwd"',
        '#eval("import \\"@preview/cetz:0.3.0\\"")',
    ],
)
def test_a_template_imports_nothing_from_outside(template):
    with pytest.raises(typesetting.ForbiddenTemplate):
        typesetting.typeset(template, {})


@pytest.mark.parametrize("file", ["manage.py", "/manage.py", "../../../../../manage.py", "/etc/hostname"])
def test_a_template_reads_no_file_of_the_machine(file):
    with pytest.raises(Exception, match=r"not found|escape"):
        typesetting.typeset(f'#read("{file}")', {})


def test_the_paper_and_plain_words_are_fine():
    data = {
        "title": {"en": "Import licence", "sw": "Leseni"}, "issued_on": "2026-11-25", "valid_until": None, "specimen": True, "facts": [],
        "body": {"en": "A body", "sw": "Ofisi"}, "reference": "HD", "verify_url": "http://localhost", "qr": typesetting.qr_svg("x"),
    }  # fmt: skip
    template = f'{typesetting.OWN_PAPER}\n#show: certificate.with(law: "An Act")\nThe holder may import goods.'
    assert typesetting.typeset(template, data).startswith(b"%PDF")
