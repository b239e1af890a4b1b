"""Every service that runs online is walked from the first page to its end: filled in, paid, decided, and its document is valid."""

import pytest
from django.conf import settings
from django.utils import timezone

from huduma.contexts.applications import public as applications
from huduma.contexts.applications.queries import AGREEMENT_LINK
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.centres.models import Centre
from huduma.contexts.credentials import public as credentials
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.operations import credit
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.foundation import links
from huduma.foundation.access import SYSTEM

CODES = sorted(path.parent.name for path in settings.SERVICES_DIR.glob("*/form.yaml"))
#: What people would type where the first option, a plain word or the least number does not do.
SAMPLES = {
    "slip_number": "BN-0001", "pin_number": "P000000000A", "entry_number": "123/96", "deceased_id": "90000005",
    "company_number": "PVT-AAAA0000", "case_number": "MCTR/E0001/2026", "plate": "KAA 000A", "box_number": "1234",
    "postal_code": "00100", "caregiver_id": "90000006", "finished": "2015", "licence_number": "AB12345", "cost": "25000000",
    "kra_pin": "A000000000A", "spouse_id": "90000003", "parent_id": "90000003", "partner_id": "90000003",
}  # fmt: skip


def typed_for(form, prefix=""):
    """Answers questions as a person would type them."""

    def typed(name):
        question, _, part = name.partition("-")
        ui, schema = form["ui"][question], form["schema"]["properties"].get(question, {})
        match ui["widget"]:
            case "date":
                year = timezone.localdate().year + 1 if ui.get("not_before") == "today" else 1996
                return {"day": "2", "month": "10", "year": str(year)}[part]
            case "radios" | "select":
                return ui["options"][0]["value"]
            case "checkboxes":
                return "on" if part == ui["options"][0]["value"] else ""
            case "checkbox":
                return "on"
            case "county":
                return "047"
            case "phone":
                return "0700 000 009"
            case "email":
                return "jina@example.org"
            case "number":
                return SAMPLES.get(question, str(schema.get("minimum", 1)))
        return SAMPLES.get(question, f"Mfano wa jibu {prefix}".strip())

    return typed


def fill(actor, draft, form, png):
    """Go through the pages as they come; what an answer opens is asked too."""
    now, done, count = timezone.now(), set(), 0
    while page := next((page for page in applications.pages_of(draft) if page["id"] not in done), None):
        done.add(page["id"])
        for name in page["fields"]:
            ui = form["ui"][name]
            if ui["widget"] == "group":
                for number in range(form["schema"]["properties"][name].get("minItems", 1)):
                    add_entry(actor, draft, page, name, form, number)
            elif ui["widget"] == "upload":
                count += 1
                content = png(count) if "png" in ui["upload"]["accept"] else b"%PDF-1.4\n%%EOF\n" + bytes([count])
                applications.attach_file(
                    actor=actor, application_id=draft.id, field=name, content=content, name="paper", now=now
                )
        wrong = applications.save_page(
            actor=actor, application_id=draft.id, page_id=page["id"], typed=typed_for(form), now=now
        )
        assert wrong == {}, page["id"]
        if form.get("lookup", {}).get("page") == page["id"]:
            applications.go_by_hand(actor=actor, application_id=draft.id, now=now)
        draft.refresh_from_db()


def agree(application, citizen):
    """Everybody who is asked signs in and agrees."""
    for number, row in enumerate(application.agreements.filter(state="asked"), 3):
        party = citizen(number, "Baraka")
        identity.Person.objects.filter(id=party.person_id).update(id_number=row.id_number or None)
        token = links.token(AGREEMENT_LINK, row.id)
        applications.answer_agreement(actor=party, token=token, agrees=True, now=timezone.now())


def visit(actor, application):
    """The applicant books the next time that is free, and comes. Returns when that was."""
    now, wish = timezone.now(), centres.Wish((application.service_code,))
    Centre.objects.get_or_create(
        code="HC01", name="Huduma Centre Mfano", status="operational", hours=[[["08:00", "17:00"]]] * 7
    )
    for number in (1, 2):
        centres.set_counter(actor=SYSTEM, centre_code="HC01", number=number, desks=["service"], now=now)
    place = centres.get_centre("HC01")
    day = centres.days_with_room(place, wish, now=now)[0][0]
    starts_at = centres.free_rooms(place, day, wish, now=now)[0].starts_at
    booked = centres.book_appointment(
        actor=actor, centre_code="HC01", wish=wish, starts_at=starts_at, case_id=application.id, now=now
    )
    centres.record_attendance(actor=SYSTEM, appointment_id=booked.id, attended=True, now=starts_at)
    return starts_at


def add_entry(actor, draft, page, name, form, number):
    about = {"actor": actor, "application_id": draft.id, "page_id": page["id"], "field": name, "now": timezone.now()}
    entry_id = applications.add_entry(**about)
    item = form["schema"]["properties"][name]["items"]
    questions = {"ui": form["ui"][name]["questions"], "schema": item}
    assert applications.save_entry(entry_id=entry_id, typed=typed_for(questions, str(number)), **about) == {}


@pytest.fixture
def applicant(citizen):
    """A citizen old enough for anything, and the business that she acts for."""
    asha = citizen()
    identity.Person.objects.filter(id=asha.person_id).update(birth_date="1940-05-01")
    firm = identity.register_organisation(
        actor=asha, name="Mfano Traders", registration_number="BN-MFANO-1", kind="sole-proprietor", now=timezone.now()
    )
    return asha, firm.id


@pytest.mark.parametrize("code", CODES)
def test_a_service_runs_to_its_end(code, db, applicant, citizen, officer_actor, png, drain_jobs, monkeypatch):
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / code, now=timezone.now())
    actor, firm = applicant
    form = catalogue.get_service(code).current_version.part("form")
    draft = applications.open_application(
        actor=actor, service_code=code, now=timezone.now(),
        organisation_id=firm if form["applicant"] == "organisation" else None,
    )  # fmt: skip
    fill(actor, draft, form, png)
    application = applications.submit(actor=actor, application_id=draft.id, now=timezone.now())

    def go_on_at(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    for _ in range(20):
        drain_jobs()
        application.refresh_from_db()
        bill = next((bill for bill in payments.bills_for_payable(application.id) if bill.state == "open"), None)
        if bill is not None:
            payment = payments.start_payment(actor=SYSTEM, bill_id=bill.id, phone="0700000002", now=timezone.now())
            credit(payment_id=payment.id, total_cents=None, receipt=None, now=timezone.now())
            continue
        waiting = {task.kind: task for task in process.open_tasks_of(application.id)}
        if task := waiting.get("user") or waiting.get("manual"):  # of another body, where that one is asked
            boss = officer_actor(task.body_code, role="supervisor")
            outcome = process.outcomes_of(task)[0].key
            process.complete_task(actor=boss, task_id=task.id, outcome=outcome, note="Sawa.", now=timezone.now())
        elif application.status == "waiting_visit":
            go_on_at(visit(actor, application))
        elif application.status == "waiting_agreement":
            agree(application, citizen)
        elif timer := waiting.get("timer"):
            go_on_at(timer.due_at)
        else:
            break
    assert application.status == "issued"
    document = credentials.document_of(application.id)
    _, pdf = credentials.get_document_for(actor, document.id, now=timezone.now())
    assert credentials.verify_document(pdf).state == "valid"
