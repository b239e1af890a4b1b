"""Trying a redesign before it is published: what is simulated, with how many officers, and what comes of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache

from huduma.channels.desk.redesign.measures import is_too_few
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.process import public as process
from huduma.contexts.reengineering import public as reengineering
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.ui.requests import actor_of
from huduma.foundation.ui.templatetags.ui import kenya_datetime

LARGEST_FILE = 1_000_000
ROLES = {"officer": gettext_lazy("Officers"), "supervisor": gettext_lazy("Supervisors")}


@dataclass(frozen=True)
class Candidate:
    """A process that can be simulated: a published version, a package on its way, or a file that was handed over."""

    key: str
    name: str
    bpmn: str
    dmn: str


@dataclass(frozen=True)
class Team:
    """A team as the form asks about it: what it is called, and how many officers were typed or suggested; None where it is not needed."""

    key: str
    name: str | Promise
    today: str | None
    then: str | None


@never_cache
def simulate(request: HttpRequest, code: str) -> HttpResponse:
    """Choose a process and the sizes of teams; what was typed stays where something is wrong."""
    actor = actor_of(request)
    running = catalogue.get_service(code).current_version
    if running is None:
        raise NotFound
    candidates = _candidates(actor, code)
    chosen, errors = _chosen(request, candidates), {}
    if chosen is None:
        chosen = candidates[0]
        errors["file"] = gettext(
            "This is no BPMN file of at most 1 MB. Choose a file that a BPMN tool saved, or a version."
        )
    faults = [str(fault) for fault in process.check(chosen.bpmn, chosen.dmn)]
    teams = _teams(request, running, chosen, faults)
    typed = {
        name: request.POST.get(name, usual)
        for name, usual in (("title", chosen.name), ("minutes", "15"), ("hours", "24"))
    }
    if request.POST.get("act") == "simulate" and not errors and not faults:
        minutes, hours = _number(typed["minutes"]), _number(typed["hours"])
        try:
            if not (minutes and hours):
                errors["minutes"] = gettext("Write whole numbers for the work and the wait at new steps.")
            else:
                order = reengineering.ask_simulation(
                    actor=actor, version_id=running.id, title=typed["title"], bpmn=chosen.bpmn, dmn=chosen.dmn,
                    teams={team.key: _number(team.then) for team in teams if team.then is not None},
                    teams_today={team.key: _number(team.today) for team in teams if team.today is not None},
                    minutes=minutes, hours=hours, now=timezone.now(),
                )  # fmt: skip
                return redirect("desk:redesign_simulation", order.id)
        except reengineering.TeamNeeded as refusal:
            errors[f"then-{teams[0].key}"] = refusal.message
        except (reengineering.NothingToReplay, reengineering.TooMuch) as refusal:
            errors["title"] = refusal.message
    context = {
        "service": catalogue.get_service(code), "candidates": candidates, "chosen": chosen, "faults": faults, "teams": teams,
        "typed": typed, "errors": errors, "is_file": chosen.key == "file",
    }  # fmt: skip
    return render(request, "desk/redesign/simulate.html", context, status=422 if errors else 200)


def _candidates(actor: Actor, code: str) -> list[Candidate]:
    """Return what can be simulated: packages on their way first, then versions, the newest at the top."""
    found = []
    on_their_way = catalogue.list_proposals_for(actor) if actor.has_role("analyst", "secretariat") else []
    names = identity.staff_names({one.drafted_by for one in on_their_way if one.drafted_by})
    for proposal in on_their_way:
        if proposal.service_code == code and proposal.state in ("draft", "review", "approved"):
            package = catalogue.get_proposal_for(actor, proposal.id).package
            if bpmn := package.get("process_bpmn"):
                told = (
                    gettext("Package on its way"),
                    kenya_datetime(proposal.drafted_at),
                    names.get(proposal.drafted_by, "") if proposal.drafted_by else "",
                )
                name = ", ".join(filter(None, told))
                found.append(Candidate(f"p{proposal.id}", name, bpmn, package.get("rules_dmn") or ""))
    for version in catalogue.list_versions(code):
        name = gettext("Version %(number)s") % {"number": version.number}
        found.append(
            Candidate(f"v{version.number}", name, version.part("process_bpmn"), version.part("rules_dmn") or "")
        )
    return found


def _chosen(request: HttpRequest, candidates: list[Candidate]) -> Candidate | None:
    """Return the process that is meant, None where a file was handed over that is none."""
    upload, text = request.FILES.get("file"), request.POST.get("bpmn", "")
    key = request.POST.get("of") or request.GET.get("of", "")
    if upload is None and not text:
        return next((one for one in candidates if one.key == key), candidates[0])
    try:
        if upload is not None:
            text = upload.read(LARGEST_FILE + 1).decode()
    except UnicodeDecodeError:
        return None
    if not 0 < len(text) <= LARGEST_FILE or "<" not in text:
        return None
    tables = next((one.dmn for one in candidates if one.dmn), "")
    return Candidate("file", gettext("A file from a BPMN tool"), text, tables)


def _teams(request: HttpRequest, running: catalogue.ServiceVersion, chosen: Candidate, faults: list[str]) -> list[Team]:
    """Return the teams of today and of the redesign; suggested is how many different officers were seen in each."""
    now = reengineering.teams_of(process.definition_of(running.part("process_bpmn"), running.part("rules_dmn") or ""))
    then = [] if faults else reengineering.teams_of(process.definition_of(chosen.bpmn, chosen.dmn))
    seen: dict[str, int] = {}
    for measured in reversed(reengineering.measurements_for(actor_of(request), running.service_id)):
        seen |= measured.figures["officers"]

    def size(when: str, team: str) -> str:
        return request.POST.get(f"{when}-{team}", str(seen.get(team) or 1))

    return [
        Team(key, _named(key), size("today", key) if key in now else None, size("then", key) if key in then else None)
        for key in dict.fromkeys([*now, *then])
    ]


def _named(team: str) -> str | Promise:
    return ROLES.get(team, team)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


@never_cache
def simulation(request: HttpRequest, simulation_id: UUID) -> HttpResponse:
    """How far a simulation is, and what came of it beside today."""
    found = reengineering.get_simulation_for(actor_of(request), simulation_id)
    context: dict[str, Any] = {"simulation": found, "service": catalogue.get_service(found.service_code)}
    if found.result:
        context |= _result(found)
    context["running"] = found.state in ("waiting", "running")
    context["percent"] = found.done * 100 // found.of
    return render(request, "desk/redesign/simulation.html", context)


def _result(found: reengineering.Simulation) -> dict[str, Any]:
    assert found.result is not None
    words = (
        ("today", gettext("Today, measured")),
        ("model", gettext("Today, simulated")),
        ("draft", gettext("The redesign, simulated")),
    )
    few = is_too_few(*(found.result[key]["cases"] for key, _ in words))
    longest = max(found.result[key]["elapsed"]["p90"] for key, _ in words) or 1
    rows = []
    for key, name in words:
        told = found.result[key]
        low, middle, high = (round(told["elapsed"][one] * 100 / longest, 1) for one in ("p10", "median", "p90"))
        kept = None if few or told["kept"] is None else round(told["kept"] * 100)
        rows.append(
            {"key": key, "name": name, "told": told, "low": low, "middle": middle, "width": high - low, "kept": kept}
        )
    model, draft, today = (found.result[key]["elapsed"]["median"] for key in ("model", "draft", "today"))
    one, two = found.result["model"], found.result["draft"]
    by_chance = one["median_from"] <= two["median_to"] and two["median_from"] <= one["median_to"]
    teams = dict.fromkeys([*found.teams_today, *found.teams])
    busy = [
        (
            _named(team),
            *((sizes.get(team), _percent(found.result[key]["busy"].get(team)))
              for key, sizes in (("model", found.teams_today), ("draft", found.teams))),
        )
        for team in teams
    ]  # fmt: skip
    return {
        "rows": rows,
        "few": few,
        "busy": busy,
        "change": 0 if by_chance or not model else _percent((draft - model) / model),
        "off": _percent(abs(model - today) / today) if today else None,
        "guessed": _percent(found.result["draft"]["guessed"]),
    }


def _percent(share: float | None) -> int | None:
    return None if share is None else round(share * 100)


urlpatterns = [
    path("redesign/simulations/<uuid:simulation_id>/", simulation, name="redesign_simulation"),
    path("redesign/<slug:code>/simulate/", simulate, name="redesign_simulate"),
]
