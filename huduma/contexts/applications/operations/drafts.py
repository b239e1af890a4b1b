"""A draft, which is the applicant's own: every page is saved as it is typed, wrong answers included, so that nothing is lost."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from huduma.contexts.applications import events, queries, rules
from huduma.contexts.applications.models import Application, Upload
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal
from huduma.foundation.translated import pick

MEGABYTE = 1_000_000


class NotOnline(Refusal):
    """You cannot apply for this service here yet. Its charter says where and how it is served."""


class OrganisationNeeded(Refusal):
    """This service is for a business. Add your business to your account first, then apply for it."""


class PersonNeeded(Refusal):
    """This service is for a person, and you are acting for a business. Stop acting for it first, then apply."""


class NotEligible(Refusal):
    """You cannot apply for this service."""


class NoMandate(Refusal):
    """You may not apply for this person for this service, or not any more. Ask them to let you, then try again."""


class CannotChange(Refusal):
    """This application was sent already, so its answers cannot be changed now. Its page shows what happens next."""


class RecordOfOthers(Refusal):
    """This number belongs to a record that does not name you. Check the number; a guardian applies at a Huduma Centre."""


class TooManyFiles(Refusal):
    """There are as many files here as this question takes. Remove one first, then add the new one."""


@transaction.atomic
def open_application(
    *,
    actor: Actor,
    service_code: str,
    organisation_id: UUID | None = None,
    for_person_id: UUID | None = None,
    now: datetime,
) -> Application:
    """Return the actor's draft for a service, opening one where there is none.

    `for_person_id`: another person, for whom the actor holds a mandate. Raises NotFound, NotOnline, identity.NotProven,
    OrganisationNeeded, PersonNeeded, NoMandate; NotEligible with the rule and the way out.
    """
    service = catalogue.get_service(service_code)
    if service.current_version is None:
        raise NotOnline
    organisation_id = actor.organisation_id or organisation_id
    person_id = actor.person_id if organisation_id else actor.applicant_id
    if person_id is None or not identity.is_known(person_id):
        raise identity.NotProven
    form = service.current_version.part("form")
    for_organisation = form["applicant"] == "organisation"
    if for_organisation:
        if organisation_id is None or not identity.may_act_for(actor.person_id, organisation_id, on=now.date()):
            raise OrganisationNeeded
    elif actor.organisation_id is not None:
        raise PersonNeeded
    else:
        organisation_id = None
    representative_id = None
    if for_person_id is not None:
        if (
            for_organisation
            or not identity.is_proven(actor)
            or not identity.may_represent(actor.person_id, for_person_id, service_code, on=timezone.localdate(now))
        ):
            raise NoMandate
        person_id, representative_id = for_person_id, actor.person_id
    for rule, met in queries.eligibility_of(service.current_version, person_id, timezone.localdate(now)):
        if met is False:
            raise NotEligible(f"{pick(rule['rule'])} {pick(rule['otherwise'])}")
    draft = queries.get_draft_for(actor, service_code, organisation_id, for_person_id)
    if draft is not None:
        return draft
    try:
        with transaction.atomic():
            draft = Application.objects.create(
                version=service.current_version,
                service_code=service_code,
                body_code=service.body_id,
                person_id=person_id,
                organisation_id=organisation_id,
                representative_id=representative_id,
                channel=actor.channel,
                **_prefilled(form, person_id, organisation_id, is_own=representative_id is None),
                opened_at=now,
                saved_at=now,
                status_at=now,
            )
    except IntegrityError:  # the other of two clicks was faster
        return Application.objects.get(
            Q(organisation_id=organisation_id), Q(representative_id=representative_id), person_id=person_id,
            service_code=service_code, status="draft",
        )  # fmt: skip
    event = events.ApplicationOpened(
        application_id=draft.id, person_id=person_id, organisation_id=organisation_id, service_code=service_code
    )
    journal.record(actor=actor, event=event, now=now)
    return draft


def _prefilled(form: dict[str, Any], person_id: UUID, organisation_id: UUID | None, *, is_own: bool) -> dict[str, Any]:
    """Return what a new draft knows already: what registers vouch for, and what the person said before.

    Who applies for another person learns nothing of what that one said elsewhere.
    """
    facts = queries.known_of(person_id, organisation_id)
    if not is_own:
        return {"register_facts": rules.vouched(form, facts), "answers": {}}
    wanted = [
        ui["prefill"].partition(".")[2] for ui in form["ui"].values() if ui.get("prefill", "").startswith("earlier.")
    ]
    earlier = queries.earlier_answers(person_id, wanted) if wanted else {}
    return {"register_facts": rules.vouched(form, facts), "answers": rules.suggested(form, facts, earlier)}


@transaction.atomic
def save_page(
    *, actor: Actor, application_id: UUID, page_id: str, typed: Callable[[str], str], now: datetime
) -> dict[str, str]:
    """Keep what was typed on a page, right or wrong, and return what is wrong with it: question → sentence.

    `typed(name)` is the text of an input; what the page does not ask is not read. Raises NotFound, CannotChange.
    """
    application = lock(actor, application_id)
    page = page_of(application, page_id)
    form = queries.form_of(application)
    read = rules.read(form, page["fields"], typed)
    kept = _finished_entries(form, page, application.answers)
    answers = {name: value for name, value in {**application.answers, **kept, **read}.items() if value is not None}
    changed = [name for name in {**kept, **read} if application.answers.get(name) != answers.get(name)]
    if changed:
        register: dict[str, Any] = {}
        if form.get("lookup", {}).get("page") == page_id and application.register_state:
            # another number: another record
            register = {"register_state": "", "register_facts": queries.vouched_for(application)}
        keep(application, now, answers=answers, **register)
        event = events.PageSaved(application_id=application.id, page=page_id, fields=changed)
        journal.record(actor=actor, event=event, now=now)
    return queries.problems_on(application, page_of(application, page_id), timezone.localdate(now))


def keep(application: Application, now: datetime, **changed: Any) -> None:
    """Write what is known of an application. Of a case sent back, what the form asks only since then has to be answered too."""
    before = _asked(application)
    for name, value in {**changed, "saved_at": now}.items():
        setattr(application, name, value)
    if application.status == "waiting_correction" and application.to_correct:
        new = [name for name in _asked(application) if name not in {*before, *application.to_correct}]
        application.to_correct = [*application.to_correct, *new]
    application.save(update_fields=[*changed, "saved_at", "to_correct"])


def _asked(application: Application) -> list[str]:
    return [name for page in queries.asked_pages(application) for name in page["fields"]]


@transaction.atomic
def save_answers(*, actor: Actor, application_id: UUID, answers: dict[str, Any], now: datetime) -> None:
    """Keep answers that were given elsewhere, as they are kept here; what the form does not know is left out.

    What is wrong with them shows when the draft is sent. Raises NotFound, CannotChange.
    """
    application = lock(actor, application_id)
    form = queries.form_of(application)
    kept = {
        name: value
        for name, value in answers.items()
        if name in form["ui"] and value not in (None, "", []) and (not rules.is_group(form, name) or _is_entries(value))
    }
    keep(application, now, answers={**application.answers, **kept})
    event = events.PageSaved(application_id=application.id, page="", fields=sorted(kept))
    journal.record(actor=actor, event=event, now=now)


def _is_entries(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and "id" in one for one in value)


def _finished_entries(form: dict[str, Any], page: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """Return the groups of a page without the entries in which nothing was written."""
    groups = [name for name in page["fields"] if rules.is_group(form, name) and name in answers]
    return {name: [entry for entry in answers[name] if len(entry) > 1] or None for name in groups}


def lock(actor: Actor, application_id: UUID) -> Application:
    """Return an application that the actor may change now, locked. Raises NotFound, CannotChange."""
    application = Application.objects.select_for_update().filter(id=application_id).first()
    if application is None or not queries.may_see(actor, application):
        raise NotFound
    if application.status not in ("draft", "waiting_correction"):
        raise CannotChange
    return application


def page_of(application: Application, page_id: str) -> dict[str, Any]:
    """Return a page that the applicant answers now. Raises NotFound."""
    found = next((page for page in queries.pages_of(application) if page["id"] == page_id), None)
    if found is None:
        raise NotFound
    return found


def ask_register(*, actor: Actor, application_id: UUID, now: datetime) -> None:
    """Let a register answer instead of the applicant, once for a number. The call is outside any transaction.

    Raises what `exchange.look_up` raises, and RecordOfOthers where the record names neither the applicant nor the parent who
    applies for its child.
    """
    application = queries.get_application_for(actor, application_id)
    lookup = queries.form_of(application)["lookup"]
    if application.register_state:
        return
    key = {name: str(application.answers.get(field, "")) for name, field in lookup["key"].items()}
    found = exchange.look_up(actor=actor, register=lookup["register"], key=key, now=now)
    if lookup.get("holders") and _holder_of(application, key) not in {found.get(one) for one in lookup["holders"]} - {
        None
    }:
        raise RecordOfOthers
    facts = {field: found[fact] for field, fact in lookup["facts"].items() if found.get(fact) is not None}
    _keep_register(actor, application_id, "found", facts, now)


def _holder_of(application: Application, key: dict[str, str]) -> str | None:
    """Return the ID number that a record has to name: the applicant's, or of the parent who applies for the child of that record."""
    person = identity.get_person_for(SYSTEM, application.person_id)
    is_childs_own = person.birth_number and person.birth_number in {value.strip().upper() for value in key.values()}
    if application.representative_id and is_childs_own:
        return identity.get_person_for(SYSTEM, application.representative_id).id_number
    return person.id_number


def go_by_hand(*, actor: Actor, application_id: UUID, now: datetime) -> None:
    """Let the applicant type what the register could not say; officers see that it has to be checked."""
    _keep_register(actor, application_id, "by-hand", {}, now)


@transaction.atomic
def _keep_register(actor: Actor, application_id: UUID, state: str, facts: dict[str, Any], now: datetime) -> None:
    application = lock(actor, application_id)
    keep(application, now, register_state=state, register_facts={**queries.vouched_for(application), **facts})
    event = events.RegisterAnswered(application_id=application.id, how=state)
    journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def attach_file(*, actor: Actor, application_id: UUID, field: str, content: bytes, name: str, now: datetime) -> Upload:
    """Add a file to a question; the same file again is kept once.

    Raises TooManyFiles, NotFound, CannotChange, and what `files.store` raises.
    """
    application = lock(actor, application_id)
    form = queries.form_of(application)
    asked = {f for page in queries.pages_of(application) for f in page["fields"]}
    if field not in asked or not rules.is_upload(form, field):
        raise NotFound
    limits = form["ui"][field].get("upload", {})
    accept = tuple(ACCEPTED[kind] for kind in limits.get("accept", ACCEPTED))
    there = list(application.uploads.filter(field=field).select_related("file").defer("file__content"))
    digest = files.digest(content)
    if same := next((upload for upload in there if upload.file.sha256 == digest), None):
        return same
    if len(there) >= limits.get("max_files", 1):
        raise TooManyFiles
    file = files.store(
        actor=actor, content=content, name=name, accept=accept,
        max_bytes=int(limits.get("max_mb", 5) * MEGABYTE), now=now,
    )  # fmt: skip
    upload = Upload.objects.create(application=application, field=field, file=file, added_at=now)
    event = events.FileAttached(application_id=application.id, file_id=file.id, field=field)
    journal.record(actor=actor, event=event, now=now)
    return upload


ACCEPTED = {"pdf": files.PDF, "jpeg": "image/jpeg", "png": "image/png"}


@transaction.atomic
def remove_file(*, actor: Actor, application_id: UUID, upload_id: UUID, now: datetime) -> None:
    """Take a file back, its bytes included; again changes nothing. Raises NotFound, CannotChange."""
    application = lock(actor, application_id)
    upload = application.uploads.filter(id=upload_id).first()
    if upload is None:
        return
    asked = {f for page in queries.pages_of(application) for f in page["fields"]}
    if upload.field not in asked:
        raise CannotChange
    event = events.FileRemoved(application_id=application.id, file_id=upload.file_id, field=upload.field)
    upload.delete()
    files.remove(upload.file_id)
    journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def discard_draft(*, actor: Actor, application_id: UUID, now: datetime) -> None:
    """Delete a draft with everything that was typed and uploaded. Raises NotFound, CannotChange."""
    application = lock(actor, application_id)
    if application.status != "draft":
        raise CannotChange
    for upload in application.uploads.all():
        upload.delete()
        files.remove(upload.file_id)
    journal.record(actor=actor, event=events.DraftDiscarded(application_id=application.id), now=now)
    application.delete()
