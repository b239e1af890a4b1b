"""Packages at the desk: analysts upload and mend them; the Secretariat approves, publishes and withdraws them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.desk.cases import Turn
from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.process import public as process
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.translated import pick
from huduma.foundation.ui.downloads import attachment
from huduma.foundation.ui.requests import actor_of

STATES = {
    "draft": gettext_lazy("Draft"),
    "review": gettext_lazy("With the Secretariat"),
    "approved": gettext_lazy("Approved"),
    "published": gettext_lazy("Published"),
}
VERSION_STATES = {
    "published": gettext_lazy("In force"),
    "superseded": gettext_lazy("Superseded"),
    "withdrawn": gettext_lazy("Withdrawn"),
}
ACTS = {
    "catalogue.proposal.drafted": gettext_lazy("The package was uploaded"),
    "catalogue.proposal.submitted": gettext_lazy("It was submitted to the Secretariat"),
    "catalogue.proposal.returned": gettext_lazy("The Secretariat returned it"),
    "catalogue.proposal.approved": gettext_lazy("The Secretariat approved it"),
    "catalogue.proposal.published": gettext_lazy("The Secretariat published it"),
}
BASES = {
    "consent": gettext_lazy("consent"),
    "contract": gettext_lazy("contract"),
    "legal-obligation": gettext_lazy("legal obligation"),
    "vital-interest": gettext_lazy("vital interest"),
    "public-task": gettext_lazy("public task"),
    "official-authority": gettext_lazy("official authority"),
    "legitimate-interest": gettext_lazy("legitimate interest"),
}

#: What registers say of the applicant; conditions may name it beside questions.
KNOWN = {"age": gettext_lazy("Age"), "sex": gettext_lazy("Sex")}
LIMITS = {"minimum": gettext_lazy("at least %(n)s"), "maximum": gettext_lazy("at most %(n)s")}


@never_cache
def services(request: HttpRequest) -> HttpResponse:
    """Show the packages on their way and the services that run; take a new package."""
    actor = actor_of(request)
    if request.method == "POST":
        return _upload(request, actor)
    return _services(request, actor)


def _services(request: HttpRequest, actor: Actor, status: int = 200, **wrong: Any) -> HttpResponse:
    may_draft = sorted(grant.body_code for grant in actor.grants if grant.role == "analyst" and grant.body_code)
    proposals = catalogue.list_proposals_for(actor)
    names = identity.staff_names({one.drafted_by for one in proposals if one.drafted_by})
    context = {
        "proposals": [(one, STATES[one.state], one.drafted_by and names.get(one.drafted_by)) for one in proposals],
        "services": catalogue.list_services_for(actor), "bodies": may_draft, **wrong,
    }  # fmt: skip
    return render(request, "desk/catalogue/services.html", context, status=status)


def _upload(request: HttpRequest, actor: Actor, proposal: catalogue.Proposal | None = None) -> HttpResponse:
    """Keep a package as a draft, whatever its faults; what is no package is told on the page that it came from."""

    def again(message: str, faults: Any = ()) -> HttpResponse:
        if proposal is not None:
            return _package(request, actor, proposal, status=422, error=message, refused=faults)
        return _services(request, actor, status=422, error=message, refused=faults)

    file = request.FILES.get("package")
    if file is None:
        return again(gettext("Choose the .zip file of the package."))
    try:
        kept = catalogue.draft_proposal(
            actor=actor, body_code=proposal.body_id if proposal else request.POST.get("body", ""),
            content=file.read(catalogue.LARGEST_ZIP + 1), name=file.name or "",
            proposal_id=proposal.id if proposal else None, now=timezone.now(),
        )  # fmt: skip
    except catalogue.NotAPackage as refusal:
        return again(refusal.message, refusal.faults)
    except (catalogue.AnotherBody, catalogue.WrongState) as refusal:
        return again(refusal.message)
    if kept.faults:
        notes.warning(request, gettext("The package is kept as a draft. It has faults; each is named below."))
    else:
        notes.success(request, gettext("The package is kept as a draft, and it is sound."))
    return redirect("desk:package", kept.id)


@never_cache
def package(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Show a package: its faults, what it says, what it changes, and what can be done with it; take a mended one."""
    actor = actor_of(request)
    proposal = catalogue.get_proposal_for(actor, proposal_id)
    if request.method == "POST":
        return _upload(request, actor, proposal)
    return _package(request, actor, proposal)


def _package(
    request: HttpRequest, actor: Actor, proposal: catalogue.Proposal, status: int = 200, **wrong: Any
) -> HttpResponse:
    faulty = {fault["file"] for fault in proposal.faults}
    parts = {key: part for key, part in proposal.package.items() if catalogue.FILE_OF[key] not in faulty}
    drawable = "process_bpmn" in parts and not faulty & {"process.bpmn", "rules.dmn"}
    context = {
        "proposal": proposal, "state": STATES.get(proposal.state, proposal.state), "today": timezone.localdate(),
        "faults": [_shown(proposal, fault) for fault in proposal.faults],
        "charter": _charter(parts["service"], parts.get("form", {}).get("ui", {})) if "service" in parts else None,
        "form": _preview(parts["form"]) if "form" in parts else None,
        "drawing": process.draw_definition(parts["process_bpmn"], parts.get("rules_dmn") or "") if drawable else None,
        "differences": catalogue.differences(proposal), "turns": _turns(proposal),
        "is_author": actor.has_role("analyst", body=proposal.body_id),
        "is_secretariat": actor.has_role("secretariat"),
        "had_a_hand": str(actor.account_id) in {*proposal.authors, str(proposal.submitted_by)},
        "typed": request.POST, **wrong,
    }  # fmt: skip
    return render(request, "desk/catalogue/package.html", context, status=status)


def _charter(service: dict[str, Any], uis: dict[str, Any]) -> dict[str, Any]:
    """A charter with its times, conditions and lawful bases in words."""
    limits = service.get("clocks", {}).get("steps", {})
    return {
        **service,
        "fees": [{**fee, "only_if": list(_words(uis, fee.get("when")))} for fee in service.get("fees", [])],
        "eligibility": [{**one, "only_if": list(_words(uis, one["when"]))} for one in service.get("eligibility", [])],
        "takes": catalogue.turnaround_in_words(service["turnaround"]),
        "limits": [(step, catalogue.turnaround_in_words(limit["within"])) for step, limit in limits.items()],
        "purposes": [{**one, "basis": BASES[one["lawful_basis"]]} for one in service.get("purposes", [])],
    }


def _shown(proposal: catalogue.Proposal, fault: dict[str, Any]) -> dict[str, Any]:
    """A fault with the line that it stands in."""
    lines = proposal.source.get(fault["file"], "").splitlines()
    return {**fault, "text": lines[fault["line"] - 1].strip()[:160] if 0 < fault["line"] <= len(lines) else ""}


def _turns(proposal: catalogue.Proposal) -> list[Turn]:
    entries = journal.entries_concerning(proposal.id, acts=tuple(ACTS))[::-1]
    names = identity.staff_names({e.actor_account_id for e in entries if e.actor_account_id})
    return [
        Turn(e.at, str(ACTS[e.act]), names.get(e.actor_account_id, "") if e.actor_account_id else "", e.facts.get("reason", ""))
        for e in entries
    ]  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A question of a form, as an analyst reads it over."""

    name: str
    ui: dict[str, Any]
    only_if: list[str]
    inner: "list[Asked]"


def _preview(form: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the pages of a form with their questions, in the order in which they are asked."""
    return [
        {
            "title": page["title"], "intro": page.get("intro"), "only_if": list(_words(form["ui"], page.get("show_if"))),
            "questions": [_asked(form["ui"], name) for name in page["fields"] if name in form["ui"]],
        }
        for page in form["pages"]
    ]  # fmt: skip


def _asked(uis: dict[str, Any], name: str) -> Asked:
    ui = uis[name]
    inner = [_asked(ui["questions"], field) for field in ui.get("fields", []) if field in ui.get("questions", {})]
    return Asked(name, ui, list(_words(uis, ui.get("show_if"))), inner)


def _words(uis: dict[str, Any], condition: dict[str, Any] | None) -> Iterator[str]:
    """Say a condition over answers: the question and the answers that count; as it is written where it is not so simple."""
    if condition is None:
        return
    schemas = condition.get("properties", {})
    for name in dict.fromkeys([*schemas, *condition.get("required", [])]):
        ui = uis.get(name, {})
        label = pick(ui["label"]) if "label" in ui else str(KNOWN.get(name, name))
        yield f"{label}: {_answers(ui, schemas[name]) if name in schemas else gettext('answered')}"
    if rest := {key: value for key, value in condition.items() if key not in ("properties", "required")}:
        yield json.dumps(rest, ensure_ascii=False)


def _answers(ui: dict[str, Any], schema: dict[str, Any]) -> str:
    """Say which answers to one question count."""
    called = {option["value"]: pick(option["label"]) for option in ui.get("options", [])}
    if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return ", ".join(str(called.get(value, value)) for value in values)
    if schema and schema.keys() <= LIMITS.keys():
        return ", ".join(str(LIMITS[key]) % {"n": value} for key, value in schema.items())
    return json.dumps(schema, ensure_ascii=False)


@require_POST
def act(request: HttpRequest, proposal_id: UUID, how: str) -> HttpResponse:
    """Submit, discard, approve, return or publish a package; what was typed stays where it is refused."""
    actor, now = actor_of(request), timezone.now()
    about: dict[str, Any] = {"actor": actor, "proposal_id": proposal_id, "now": now}
    try:
        if how == "return":
            catalogue.return_proposal(reason=request.POST.get("reason", ""), **about)
        elif how == "publish":
            catalogue.publish_proposal(from_on=_day(request.POST.get("from_on", "")), **about)
        else:
            SIMPLE[how](**about)
    except (catalogue.ProposalReasonNeeded, catalogue.WrongDay) as refusal:
        proposal = catalogue.get_proposal_for(actor, proposal_id)
        return _package(request, actor, proposal, status=422, refused_act=how, act_error=refusal.message)
    except (NotPermitted, NotFound):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
        return redirect("desk:package", proposal_id)
    notes.success(request, DONE[how])
    return redirect("desk:services") if how == "discard" else redirect("desk:package", proposal_id)


def _day(typed: str) -> date | None:
    """Return the day that was typed, None where nothing was. Raises WrongDay."""
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise catalogue.WrongDay from None


SIMPLE: dict[str, Any] = {
    "submit": catalogue.submit_proposal,
    "discard": catalogue.discard_proposal,
    "approve": catalogue.approve_proposal,
}
DONE = {
    "submit": gettext_lazy("The package is with the Secretariat now."),
    "discard": gettext_lazy("The draft was thrown away."),
    "approve": gettext_lazy("The package is approved. Publish it from a day on."),
    "return": gettext_lazy("The package went back to its authors, with your reason."),
    "publish": gettext_lazy("The package is published. From its day on, applications are made under it."),
}


@never_cache
def versions(request: HttpRequest, code: str) -> HttpResponse:
    """Show every version of a service, with how many applications were sent under it; withdraw the one in force."""
    actor = actor_of(request)
    error = ""
    if request.method == "POST":
        try:
            catalogue.withdraw_service(
                actor=actor, service_code=code, reason=request.POST.get("reason", ""), now=timezone.now()
            )
            notes.success(request, gettext("The service takes no more applications. Those that were sent go on."))
            return redirect("desk:versions", code)
        except catalogue.ProposalReasonNeeded as refusal:
            error = refusal.message
    service, found = catalogue.list_versions_for(actor, code)
    sent = applications.count_by_version([version.id for version in found])
    context = {
        "service": service, "error": error, "typed": request.POST,
        "versions": [(version, VERSION_STATES[version.state], sent.get(version.id, 0)) for version in found],
        "has_older": any(sent.get(version.id) for version in found if version.state != "published"),
        "may_move": actor.has_role("supervisor") and service.is_online,
        "is_secretariat": actor.has_role("secretariat"),
    }  # fmt: skip
    return render(request, "desk/catalogue/versions.html", context, status=422 if error else 200)


def export_package(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Give a package on its way as a .zip."""
    name, content = catalogue.export_proposal_for(actor_of(request), proposal_id)
    return attachment(content, name, "application/zip")


def export_version(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Give a version as a .zip."""
    catalogue.list_versions_for(actor_of(request), code)
    name, content = catalogue.export_version(code, number)
    return attachment(content, name, "application/zip")


urlpatterns = [
    path("services/", services, name="services"),
    path("services/packages/<uuid:proposal_id>/", package, name="package"),
    path("services/packages/<uuid:proposal_id>/package.zip", export_package, name="export_package"),
    *(path(f"services/packages/<uuid:proposal_id>/{how}/", act, {"how": how}, name=f"{how}_package") for how in DONE),
    path("services/<slug:code>/versions/", versions, name="versions"),
    path("services/<slug:code>/versions/<int:number>.zip", export_version, name="export_version"),
]
