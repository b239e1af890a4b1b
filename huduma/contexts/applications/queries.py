"""Reading applications. What is personal is given to the applicant, to those who act for them, and to the deciding body."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from huduma.contexts.applications import rules
from huduma.contexts.applications.events import AgreementOpened, CaseOpened
from huduma.contexts.applications.models import Agreement, Application, Upload
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.foundation import links, references, throttle
from huduma.foundation import phone as phones
from huduma.foundation.access import SYSTEM, Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal
from huduma.foundation.translated import pick

#: From here nothing can be taken back: not sent, decided, or ended.
NOT_WITHDRAWN = ("draft", "issuing", "issued", "rejected", "withdrawn")
TOLD = (
    "applications.application.submitted",
    "applications.status.changed",
    "applications.application.corrected",
    "payments.bill.settled",
    "payments.payment.failed",
    "credentials.credential.revoked",
    "clocks.clock.lapsed",
)
#: How many former applications are looked through for an answer given before.
EARLIER = 20
AGREEMENT_LINK = "agreement"
TRACK_TRIES = 10
TRACK_SECONDS = 3600


class NotAskedOfYou(Refusal):
    """This link was meant for somebody else, so you cannot answer here. Give it back to the person who sent it to you."""


class TooManyTries(Refusal):
    """Too many tries for this reference. Wait an hour, or sign in to see your applications."""


@dataclass(frozen=True)
class Answer:
    """One question and its answer as people read it. `files` answer an upload, `entries` a repeating group."""

    name: str
    label: dict[str, str]
    text: str
    files: list[Upload]
    entries: "list[list[Answer]]" = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """One question of a page as it is asked: its wording, and the answer so far as it was typed."""

    name: str
    ui: dict[str, Any]
    value: Any
    required: bool
    files: list[Upload]


@dataclass(frozen=True)
class Entry:
    """One entry of a repeating group; `complete` when nothing is missing or wrong in it."""

    id: str
    answers: list[Answer]
    complete: bool

    @property
    def title(self) -> str:
        """What tells it from the others: its first answer."""
        return next((answer.text for answer in self.answers if answer.text), "")


@dataclass(frozen=True)
class Section:
    """A page of the form with its answers; `page` is None for what a register said."""

    page: str | None
    title: dict[str, str] | None
    answers: list[Answer]


@dataclass(frozen=True)
class Turn:
    """One line of an application's timeline: `status` or another word of what happened, and an officer's reason."""

    at: datetime
    what: str
    note: str = ""


@dataclass(frozen=True)
class Tracked:
    """What anybody who knows reference and phone number may see: no name, no answer."""

    reference: str
    service: dict[str, str]
    status: str
    submitted_at: datetime | None
    turns: list[Turn]


@dataclass(frozen=True)
class Case:
    """An application as its officers see it."""

    application: Application
    person: identity.Person
    organisation: identity.Organisation | None
    representative: identity.Person | None
    sections: list[Section]
    agreements: list[tuple[Agreement, dict[str, str]]]


@lru_cache(maxsize=512)
def package_of(version_id: UUID) -> dict[str, Any]:
    """Return the content of a version; versions never change, so each process reads one once."""
    return dict(catalogue.get_version(version_id).package)


def form_of(application: Application) -> dict[str, Any]:
    """Return the form that the application answers."""
    form: dict[str, Any] = package_of(application.version_id)["form"]
    return form


def may_see(actor: Actor, application: Application) -> bool:
    """Whether an application is the actor's own, of a person whom the actor assists, or of an organisation they act for."""
    if actor.kind == "system" or application.person_id in {actor.person_id, actor.on_behalf_of} - {None}:
        return True
    return application.organisation_id is not None and identity.may_act_for(
        actor.person_id, application.organisation_id, on=timezone.localdate()
    )


def get_application_for(actor: Actor, application_id: UUID) -> Application:
    """Return an application to its applicant. Raises NotFound."""
    application = Application.objects.filter(id=application_id).first()
    if application is None or not may_see(actor, application):
        raise NotFound
    return application


def get_by_reference_for(actor: Actor, reference: str) -> Application:
    """Return an application to its applicant by the reference in a notice. Raises NotFound."""
    application = Application.objects.filter(reference=references.normalise(reference) or "").first()
    if application is None or not may_see(actor, application):
        raise NotFound
    return application


def get_draft_for(actor: Actor, service_code: str, organisation_id: UUID | None = None) -> Application | None:
    """Return the draft of a service that the actor began earlier, on whatever device."""
    person_id = actor.person_id if organisation_id else actor.applicant_id
    drafts = Application.objects.filter(Q(person_id=person_id), service_code=service_code, status="draft")
    return drafts.filter(organisation_id=organisation_id).first() if organisation_id else drafts.first()


def list_applications_for(actor: Actor, limit: int = 100) -> list[tuple[Application, dict[str, str]]]:
    """Return the actor's applications with the name of each service, newest first; those of an organisation while acting for it."""
    if actor.acting_as_id is None:
        return []
    organisations = {o.id for o in identity.list_organisations_for(actor)}
    if actor.organisation_id in organisations:
        whose = Q(organisation_id=actor.organisation_id)
    elif actor.on_behalf_of is not None:
        whose = Q(person_id=actor.on_behalf_of)
    else:
        whose = Q(person_id=actor.person_id) | Q(organisation_id__in=organisations)
    newest = Application.objects.filter(whose).defer("answers", "register_facts").order_by("-opened_at")[:limit]
    return [(row, package_of(row.version_id)["service"]["name"]) for row in newest]


def all_answers(application: Application) -> dict[str, Any]:
    """Return the answers that count, by question: what registers said, and what was typed where it is asked."""
    form, by_hand = form_of(application), application.register_state == "by-hand"
    return rules.relevant(form, application.answers, application.register_facts, by_hand=by_hand)


def asked_pages(application: Application) -> list[dict[str, Any]]:
    """Return the pages with the questions that are asked, after the answers given so far."""
    form, by_hand = form_of(application), application.register_state == "by-hand"
    return rules.pages(form, application.answers, application.register_facts, by_hand=by_hand)


def pages_of(application: Application) -> list[dict[str, Any]]:
    """Return the pages that the applicant answers now: of a case sent back, only those with questions to be corrected."""
    found = asked_pages(application)
    if application.status == "waiting_correction" and application.to_correct:
        asked = set(application.to_correct)
        found = [{**p, "fields": [f for f in p["fields"] if f in asked]} for p in found if asked & set(p["fields"])]
    return found


def known_of(person_id: UUID, organisation_id: UUID | None) -> dict[str, str]:
    """Return what is known of an applicant, by the names that a form's `prefill` uses. For operations, which asked who acts."""
    person = identity.get_person_for(SYSTEM, person_id)
    contact = identity.contact_of(person_id)
    facts = {f"person.{name}": getattr(person, name) for name in rules.VOUCHED["person"]}
    facts |= {"person.phone": contact.phone, "person.email": contact.email}
    if organisation_id is not None:
        organisation = identity.get_organisation_for(SYSTEM, organisation_id)
        facts |= {f"organisation.{name}": getattr(organisation, name) for name in rules.VOUCHED["organisation"]}
    return {name: str(value) for name, value in facts.items() if value}


def vouched_for(application: Application) -> dict[str, Any]:
    """Return the answers that registers vouch for, as they are now."""
    facts = known_of(application.person_id, application.organisation_id)
    return rules.vouched(form_of(application), facts)


def earlier_answers(person_id: UUID, wanted: list[str]) -> dict[str, Any]:
    """Return a person's newest answers to some questions in applications that were sent."""
    sent = Application.objects.filter(person_id=person_id, submitted_at__isnull=False, answers__has_any_keys=wanted)
    found: dict[str, Any] = {}
    for answers in sent.order_by("-submitted_at").values_list("answers", flat=True)[:EARLIER]:
        found = {**{name: answers[name] for name in wanted if name in answers}, **found}
    return found


def pages_known(application: Application, today: date) -> set[str]:
    """Return the pages on which every question was filled in beforehand and is sound: nobody has to see them again."""
    form, found = form_of(application), set()
    for page in pages_of(application):
        filled = page["fields"] and all("prefill" in form["ui"][name] for name in page["fields"])
        if filled and not rules.problems(form, page["fields"], application.answers, (), today):
            found.add(page["id"])
    return found


def uploaded(application: Application) -> dict[str, list[Upload]]:
    """Return the files of an application by question, without their bytes."""
    found: dict[str, list[Upload]] = {}
    rows = application.uploads.select_related("file").defer("file__content").order_by("added_at", "id")
    for upload in rows:
        found.setdefault(upload.field, []).append(upload)
    return found


def questions_on(application: Application, page: dict[str, Any]) -> list[Question]:
    """Return the questions of a page with what was answered so far."""
    form, kept = form_of(application), uploaded(application)
    return [
        Question(
            name, form["ui"][name], application.answers.get(name), rules.is_required(form, name), kept.get(name, [])
        )
        for name in page["fields"]
    ]


def entry_of(application: Application, field: str, entry_id: str) -> dict[str, Any]:
    """Return one entry of a group. Raises NotFound."""
    for entry in application.answers.get(field, []):
        if entry["id"] == entry_id:
            return dict(entry)
    raise NotFound


def questions_in(application: Application, field: str, entry: dict[str, Any]) -> list[Question]:
    """Return the questions of one entry of a group with what was answered so far."""
    form = rules.entry_form(form_of(application), field)
    return [
        Question(name, form["ui"][name], entry.get(name), rules.is_required(form, name), [])
        for name in rules.entry_fields(form_of(application), field, entry)
    ]


def entry_problems(application: Application, field: str, entry: dict[str, Any], today: date) -> dict[str, str]:
    """Return what is wrong in one entry of a group, question by question, in the active language."""
    form = rules.entry_form(form_of(application), field)
    found = rules.problems(form, rules.entry_fields(form_of(application), field, entry), entry, (), today)
    return {name: _words(form["ui"][name], problem) for name, problem in found.items()}


def entries_of(application: Application, field: str, today: date) -> list[Entry]:
    """Return the entries of a group as a page lists them."""
    form = form_of(application)
    entries = []
    for entry in application.answers.get(field, []):
        answers = _entry_answers(form, field, entry)
        complete = not entry_problems(application, field, entry, today)
        entries.append(Entry(entry["id"], answers, complete))
    return entries


def _entry_answers(form: dict[str, Any], field: str, entry: dict[str, Any]) -> list[Answer]:
    inside = rules.entry_form(form, field)
    return [_answer(inside, name, entry, {}) for name in rules.entry_fields(form, field, entry)]


def asks_register(application: Application, page_id: str) -> bool:
    """Whether a register has to be asked when this page is complete."""
    return form_of(application).get("lookup", {}).get("page") == page_id and not application.register_state


def service_name(application: Application) -> dict[str, str]:
    """Return what the service is called, in the version that the applicant saw."""
    name: dict[str, str] = package_of(application.version_id)["service"]["name"]
    return name


def may_withdraw(application: Application) -> bool:
    """Whether the applicant can still take it back."""
    return application.status not in NOT_WITHDRAWN


def visit_county(application: Application) -> str | None:
    """Return the code of the county where the applicant chose to come in person."""
    field = form_of(application).get("visit_county_field")
    return application.answers.get(field) if field else None


def problems_on(application: Application, page: dict[str, Any], today: date) -> dict[str, str]:
    """Return what is wrong on a page, question by question, in the active language; empty when the page is complete."""
    form = form_of(application)
    uploads = any(rules.is_upload(form, name) for name in page["fields"])
    has_files = {f for f in uploaded(application) if f in page["fields"]} if uploads else set()
    found = rules.problems(form, page["fields"], application.answers, has_files, today)
    return {name: _words(form["ui"][name], problem) for name, problem in found.items()}


def _words(ui: dict[str, Any], problem: rules.Problem) -> str:
    label = pick(ui["label"])
    if "error" in ui and problem.keyword not in ("entry", "minItems", "maxItems"):
        return pick(ui["error"])
    words = {
        "required": gettext("%(label)s: give an answer."),
        "maxLength": gettext("%(label)s: use %(limit)s characters at most."),
        "minLength": gettext("%(label)s: use %(limit)s characters at least."),
        "maximum": gettext("%(label)s: the answer is %(limit)s at most."),
        "minimum": gettext("%(label)s: the answer is %(limit)s at least."),
        "enum": gettext("%(label)s: choose one of the answers."),
        "future": gettext("%(label)s: the date is in the future."),
        "past": gettext("%(label)s: the date is in the past."),
        "entry": gettext("%(label)s: number %(limit)s is not finished."),
        "minItems": gettext("%(label)s: give %(limit)s at least."),
        "maxItems": gettext("%(label)s: give %(limit)s at most."),
        "type": gettext("%(label)s: write a whole number."),
        "format": gettext("%(label)s: write it as in the example."),
    }
    if ui["widget"] == "date" and problem.keyword != "required":
        words["format"] = gettext("%(label)s: write a real date, such as 23 11 2026.")
    return words.get(problem.keyword, gettext("%(label)s: check this answer.")) % {
        "label": label,
        "limit": problem.limit,
    }


def sections_of(application: Application) -> list[Section]:
    """Return everything that was answered, page by page, as people read it in the active language."""
    form, answers, kept = form_of(application), all_answers(application), uploaded(application)
    sections = []
    told = [_answer(form, name, application.register_facts, {}) for name in _register_order(form)]
    if told := [answer for answer in told if answer.text]:
        sections.append(Section(None, None, told))
    for page in asked_pages(application):
        told = [_answer(form, name, answers, kept) for name in page["fields"]]
        sections.append(Section(page["id"], page["title"], told))
    return sections


def _register_order(form: dict[str, Any]) -> list[str]:
    """Return what registers may know in the order of the form's pages (stored objects have no order)."""
    asked: list[str] = [name for page in form["pages"] for name in page["fields"]]
    return [*asked, *sorted(set(form["ui"]) - set(asked))]


def _answer(form: dict[str, Any], name: str, answers: dict[str, Any], kept: dict[str, list[Upload]]) -> Answer:
    ui, value = form["ui"][name], answers.get(name)
    if rules.is_group(form, name):
        return Answer(name, ui["label"], "", [], [_entry_answers(form, name, entry) for entry in value or []])
    return Answer(name, ui["label"], read_aloud(ui, value), kept.get(name, []))


def read_aloud(ui: dict[str, Any], value: Any, language: str | None = None) -> str:
    """Return an answer as people read it: the option's wording, a county's name, a date in words."""
    if value is None:
        return ""
    if "options" in ui:
        wording = {option["value"]: option["label"] for option in ui["options"]}
        chosen = value if isinstance(value, list) else [value]
        return ", ".join(pick(wording.get(one, str(one)), language) for one in chosen)
    if ui["widget"] == "county":
        return {county.code: county.name for county in places.list_counties()}.get(value, str(value))
    if ui["widget"] == "checkbox":
        return gettext("Yes")
    if ui["widget"] == "phone":
        return phones.display(str(value))
    if ui["widget"] == "date":
        try:
            return date_format(date.fromisoformat(value), "j F Y")
        except ValueError:
            return str(value)
    return str(value)


def fee_lines(application: Application) -> dict[str, int]:
    """Return what the answers cost: line → cents, by the decision tables or the charter. Raises process.NoRule."""
    package = package_of(application.version_id)
    if "rules_dmn" in package:
        return rules.bill_lines(process.decide(package["rules_dmn"], all_answers(application)))
    fee = package["service"]["fee_kes"]
    return {"fee": int(fee * 100)} if isinstance(fee, int | float) and fee else {}


def quote(application: Application) -> list[tuple[dict[str, str], int]]:
    """Return what the applicant will pay: wording and cents of each line."""
    return [(wording_of(application, line), cents) for line, cents in fee_lines(application).items()]


def wording_of(application: Application, line: str) -> dict[str, str]:
    """Return how a line of a bill is called."""
    fees: dict[str, dict[str, str]] = form_of(application).get("fees", {})
    return fees.get(line, {"en": "Fee", "sw": "Ada"})


def timeline_of(application: Application) -> list[Turn]:
    """Return what happened since the application was sent, oldest first. For a reader who has been checked."""
    notes = {task.done_at: task.note for task in process.decisions_of(application.id) if task.note}
    turns = []
    for entry in journal.entries_concerning(application.id, acts=TOLD)[::-1]:
        status = entry.facts.get("status")
        turns.append(Turn(entry.at, status or entry.act, notes.get(entry.at, "") if status else ""))
    return turns


def waits_for(application: Application) -> str:
    """Return what the applicant has to know first: what a step asks of them, else the newest reason of an officer, or ""."""
    asked = [task for task in process.open_tasks_of(application.id) if task.awaits == "ask-applicant"]
    if asked:
        return pick(asked[0].name)
    done = [task for task in process.decisions_of(application.id) if task.note]
    return done[-1].note if done else ""


def track(*, reference: str, phone: str, now: datetime) -> Tracked:
    """Return how far an application is to whoever knows its reference and the applicant's phone number.

    A wrong phone number and an unknown reference get the same answer. Raises NotFound, TooManyTries.
    """
    meant = references.normalise(reference)
    if meant is None:
        raise NotFound
    if not throttle.allow(f"track:{meant}", limit=TRACK_TRIES, seconds=TRACK_SECONDS):
        raise TooManyTries
    application = Application.objects.filter(reference=meant).first()
    if application is None or identity.contact_of(application.person_id).phone != phone:
        raise NotFound
    turns = [Turn(turn.at, turn.what) for turn in timeline_of(application)]
    name = package_of(application.version_id)["service"]["name"]
    return Tracked(meant, name, application.status, application.submitted_at, turns)


def get_case_for(actor: Actor, application_id: UUID, *, now: datetime) -> Case:
    """Return an application to officers of the body that decides, and journal that it was opened.

    Raises NotFound; NotPermitted for officers of another body.
    """
    application = Application.objects.filter(id=application_id).exclude(status="draft").first()
    if application is None:
        raise NotFound
    actor.require_role("officer", "supervisor", body=application.body_code)
    return _open(actor, application, now)


def open_case(*, actor: Actor, application_id: UUID, now: datetime) -> Case:
    """Return an application to somebody whom the calling context gave leave to see it; journalled. Raises NotFound."""
    application = Application.objects.filter(id=application_id).exclude(status="draft").first()
    if application is None:
        raise NotFound
    return _open(actor, application, now)


def shared_sections_for(actor: Actor, application_id: UUID, *, now: datetime) -> list[Section]:
    """Return what another body sees of a case while one of its officers is asked something: the shared answers, not whose.

    Raises NotFound; NotPermitted where the actor is asked nothing.
    """
    application = Application.objects.filter(id=application_id).exclude(status="draft").first()
    if application is None:
        raise NotFound
    shared = process.shared_with(actor, application.id)
    event = CaseOpened(application_id=application.id, person_id=application.person_id)
    journal.record(actor=actor, event=event, now=now)
    kept = [replace(s, answers=[a for a in s.answers if a.name in shared]) for s in sections_of(application)]
    return [section for section in kept if section.answers]


def _open(actor: Actor, application: Application, now: datetime) -> Case:
    event = CaseOpened(application_id=application.id, person_id=application.person_id)
    journal.record(actor=actor, event=event, now=now)
    person = identity.get_person_for(actor, application.person_id, now=now)
    organisation = (
        identity.get_organisation_for(actor, application.organisation_id) if application.organisation_id else None
    )
    representative = application.representative_id
    applies = identity.get_person_for(actor, representative, now=now) if representative else None
    return Case(application, person, organisation, applies, sections_of(application), agreements_of(application))


@dataclass(frozen=True)
class Summary:
    """What the contact centre may know of an application: how far it is, never what was answered."""

    id: UUID
    reference: str | None
    person_id: UUID
    service_code: str
    body_code: str
    status: str
    submitted_at: datetime | None
    due_at: datetime | None


#: Who sees summaries: those whom customers ask what became of their application.
TOLD_HOW_FAR = ("agent", "focal", "accounting_officer", "secretariat")


def summary_for(actor: Actor, application_id: UUID) -> Summary:
    """Return how far an application is to its applicant or to those whom customers ask. Raises NotFound."""
    application = Application.objects.filter(id=application_id).first()
    if application is None or not (may_see(actor, application) or _may_tell(actor, application)):
        raise NotFound
    return _summary(application)


def list_summaries_for(actor: Actor, person_id: UUID) -> list[Summary]:
    """Return how far a person's sent applications are, newest first: those of the bodies that the actor serves."""
    found = Application.objects.filter(person_id=person_id).exclude(status="draft").order_by("-submitted_at")[:100]
    return [_summary(one) for one in found if may_see(actor, one) or _may_tell(actor, one)]


def person_of_reference(reference: str) -> UUID | None:
    """Return whose application has a reference, for a context that has asked who may know."""
    return Application.objects.filter(reference=reference).values_list("person_id", flat=True).first()


def _may_tell(actor: Actor, application: Application) -> bool:
    return actor.has_role(*TOLD_HOW_FAR, "officer", "supervisor", body=application.body_code)


def _summary(application: Application) -> Summary:
    return Summary(
        id=application.id, reference=application.reference, person_id=application.person_id,
        service_code=application.service_code, body_code=application.body_code, status=application.status,
        submitted_at=application.submitted_at, due_at=application.due_at,
    )  # fmt: skip


def find_case_for(actor: Actor, reference: str) -> UUID:
    """Return the id of the case with a reference, to officers of the deciding body. Raises NotFound, NotPermitted."""
    meant = references.normalise(reference)
    found = Application.objects.filter(reference=meant).values_list("id", "body_code").first() if meant else None
    if found is None:
        raise NotFound
    actor.require_role("officer", "supervisor", body=found[1])
    return found[0]


def ids_of(reference: str) -> tuple[UUID, UUID, str]:
    """Return the case, the person and the service of a reference, so that a queue ticket or a printed document is tied to them.

    Nothing personal is in it: ids say nothing to those who cannot read the case. Raises NotFound.
    """
    meant = references.normalise(reference)
    found = Application.objects.filter(reference=meant or "").values_list("id", "person_id", "service_code").first()
    if found is None:
        raise NotFound
    return found


def get_upload_for(actor: Actor, upload_id: UUID) -> files.StoredFile:
    """Return an uploaded file to its applicant, to officers of the deciding body, or to those of a body that it is shared with.

    Raises NotFound, NotPermitted.
    """
    upload = Upload.objects.select_related("application").filter(id=upload_id).first()
    if upload is None:
        raise NotFound
    if not may_see(actor, upload.application):
        if not actor.is_staff:
            raise NotFound
        is_ours = actor.has_role("officer", "supervisor", body=upload.application.body_code)
        if not is_ours and upload.field not in process.shared_with(actor, upload.application_id):
            raise NotPermitted
    return files.get(upload.file_id)


@dataclass(frozen=True)
class Asked:
    """What somebody who has to agree sees: whose application it is, what it asks of them, and the answers they agree to."""

    agreement: Agreement
    service: dict[str, str]
    applicant: str
    statement: dict[str, str]
    sections: list[Section]


def agreement_by(token: str) -> Agreement:
    """Return what a link leads to. Raises NotFound."""
    found = links.thing_of(AGREEMENT_LINK, token)
    row = Agreement.objects.select_related("application__person").filter(id=found).first() if found else None
    if row is None or row.application.status in ("draft", "withdrawn"):
        raise NotFound
    return row


def agreement_for(actor: Actor, token: str, *, now: datetime) -> Asked:
    """Return what a party agrees to, to a person who proved who they are and can be the one who was asked; journalled.

    Raises NotFound, identity.NotProven, NotAskedOfYou.
    """
    row = agreement_by(token)
    require_asked(actor, row)
    event = AgreementOpened(application_id=row.application_id, agreement_id=row.id)
    journal.record(actor=actor, event=event, now=now)
    application, party = row.application, party_of(row)
    sections = shown_to(application, row.role) if row.state == "asked" else []
    return Asked(row, service_name(application), application.person.full_name, party["statement"], sections)


def require_asked(actor: Actor, row: Agreement) -> None:
    """Raise identity.NotProven or NotAskedOfYou unless the actor can be the one who was asked."""
    if actor.person_id is None or not identity.is_proven(actor):
        raise identity.NotProven
    own, application = identity.get_person_for(SYSTEM, actor.person_id), row.application
    applicants = (application.person_id, application.representative_id)
    answered_by_another = row.person_id not in (None, actor.person_id)
    if actor.person_id in applicants or answered_by_another or (row.id_number and own.id_number != row.id_number):
        raise NotAskedOfYou


def party_of(row: Agreement) -> dict[str, Any]:
    """Return how the form words a party."""
    asked = form_of(row.application).get("agreements", [])
    return next(party for party in asked if party["id"] == row.role)


def shown_to(application: Application, role: str) -> list[Section]:
    """Return the answers that a party sees: those of the pages that the form names, or all."""
    party = next(party for party in form_of(application)["agreements"] if party["id"] == role)
    pages = party.get("shows")
    return [section for section in sections_of(application) if pages is None or section.page in pages]


def agreements_of(application: Application) -> list[tuple[Agreement, dict[str, str]]]:
    """Return who has to agree, with what each party is called. For a reader who has been checked."""
    return [(row, party_of(row)["who"]) for row in application.agreements.select_related("application", "person")]
