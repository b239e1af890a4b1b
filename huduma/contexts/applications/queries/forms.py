"""What is asked: the form of an application, its pages and questions, and what is known or wrong."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from huduma.contexts.applications import rules
from huduma.contexts.applications.models import Application, Upload
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.foundation.access import SYSTEM
from huduma.foundation.translated import pick


@dataclass(frozen=True)
class Question:
    """One question of a page as it is asked: its wording, and the answer so far as it was typed."""

    name: str
    ui: dict[str, Any]
    value: Any
    required: bool
    files: list[Upload]


@lru_cache(maxsize=512)
def package_of(version_id: UUID) -> dict[str, Any]:
    """Return the content of a version; versions never change, so each process reads one once."""
    return dict(catalogue.get_version(version_id).package)


def form_of(application: Application) -> dict[str, Any]:
    """Return the form that the application answers."""
    form: dict[str, Any] = package_of(application.version_id)["form"]
    return form


def service_name(application: Application) -> dict[str, str]:
    """Return what the service is called, in the version that the applicant saw."""
    name: dict[str, str] = package_of(application.version_id)["service"]["name"]
    return name


def visit_county(application: Application) -> str | None:
    """Return the code of the county where the applicant chose to come in person."""
    field = form_of(application).get("visit_county_field")
    return application.answers.get(field) if field else None


#: How many former applications are looked through for an answer given before.
EARLIER = 20


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
        again = [{**p, "fields": [f for f in p["fields"] if f in asked]} for p in found if asked & set(p["fields"])]
        return again or found  # what was sent back may no longer be asked: then everything can be corrected
    return found


def questions_asked(*, case_id: UUID) -> dict[str, dict[str, str]]:
    """Return the wording of the questions that the applicant of a case was asked, by name; none for another kind of case."""
    application = Application.objects.filter(id=case_id).first()
    if application is None:
        return {}
    ui = form_of(application)["ui"]
    return {name: ui[name]["label"] for page in asked_pages(application) for name in page["fields"]}


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


def asks_register(application: Application, page_id: str) -> bool:
    """Whether a register has to be asked when this page is complete."""
    return form_of(application).get("lookup", {}).get("page") == page_id and not application.register_state


def problems_on(application: Application, page: dict[str, Any], today: date) -> dict[str, str]:
    """Return what is wrong on a page, question by question, in the active language; empty when the page is complete."""
    form = form_of(application)
    uploads = any(rules.is_upload(form, name) for name in page["fields"])
    has_files = {f for f in uploaded(application) if f in page["fields"]} if uploads else set()
    found = rules.problems(form, page["fields"], application.answers, has_files, today)
    return {name: words_for(form["ui"][name], problem) for name, problem in found.items()}


def words_for(ui: dict[str, Any], problem: rules.Problem) -> str:
    """Return the sentence for what is wrong with an answer, in the active language."""
    label = pick(ui["label"]).rstrip("?:")
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
