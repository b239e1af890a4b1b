"""Statements: uploaded, matched, and what is left for a person."""

from typing import BinaryIO, cast
from uuid import UUID

from django.contrib import messages as notes
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.desk.settlement.collections import keeps_books
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import public as settlement
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of

KINDS = {
    "match": gettext_lazy("It is a payment that we know"),
    "credit": gettext_lazy("Money that nobody told us of: credit it to the bill"),
    "charge": gettext_lazy("A charge of the gateway or bank"),
    "sweep": gettext_lazy("Money moved between our own accounts"),
    "write-off": gettext_lazy("Nobody can explain it: write it off"),
}
RULES = {
    "receipt": gettext_lazy("by its receipt"), "request": gettext_lazy("by our request’s number"),
    "reference": gettext_lazy("by the bill’s reference, amount and time"),
    "near": gettext_lazy("by amount, time and a reference that is alike"), "order": gettext_lazy("by our order to the bank"),
    "person": gettext_lazy("by a person"),
}  # fmt: skip
LINE_STATES = {
    "open": gettext_lazy("waits for a person"), "matched": gettext_lazy("matched"), "explained": gettext_lazy("explained"),
}  # fmt: skip


class FileMissing(Refusal):
    """Choose the file that you exported from the gateway or bank."""


class NothingChosen(Refusal):
    """Choose what this line is."""


def source_names() -> list[tuple[str, str]]:
    """Return whose statements can be taken: code and name."""
    known = {code: pick(gateway.name) for code, gateway in payments.gateways.items()}
    return [(code, known.get(code) or gettext("The bank from which bodies are paid")) for code in settlement.sources()]


@never_cache
def statements(request: HttpRequest) -> HttpResponse:
    """All statements with how far each is matched; and taking a new one."""
    actor, errors = actor_of(request), {}
    if request.method == "POST":
        try:
            taken = _take(request)
        except settlement.SourceMissing as refusal:
            errors["source"] = refusal.message
        except (NotPermitted, NotFound):
            raise
        except Refusal as refusal:
            where = getattr(refusal, "where", "")
            errors["file"] = f"{refusal.message} ({where})" if where else refusal.message
        else:
            notes.success(request, gettext("The statement is taken. Each of its lines was compared with what we know."))
            return redirect("desk:statement", statement_id=taken.id)
    sources = source_names()
    rows = settlement.statements_for(actor)
    context = {
        "rows": [(dict(sources).get(one.source, one.source), one, progress) for one, progress in rows],
        "sources": sources, "errors": errors, "typed": request.POST, "keeps_books": keeps_books(actor),
    }  # fmt: skip
    return render(request, "desk/settlement/statements.html", context, status=422 if errors else 200)


def _take(request: HttpRequest) -> settlement.Statement:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile) or file.file is None:
        raise FileMissing
    return settlement.take_statement(
        actor=actor_of(request), source=request.POST.get("source", ""), name=file.name or "", file=cast("BinaryIO", file.file),
        now=timezone.now(),
    )  # fmt: skip


@never_cache
def statement(request: HttpRequest, statement_id: UUID) -> HttpResponse:
    """One statement: what is matched, what waits, what persons said."""
    return _show(request, statement_id)


def _show(
    request: HttpRequest, statement_id: UUID, errors: dict[str, str] | None = None, line_id: int | None = None
) -> HttpResponse:
    actor = actor_of(request)
    found, progress = settlement.statement_for(actor, statement_id)
    after = request.GET.get("after", "0")
    lines = settlement.open_lines_for(actor, statement_id, int(after) if after.isdecimal() else 0)
    explained = settlement.explained_lines_for(actor, statement_id)
    further = request.GET.get("matched", "0")
    matched = settlement.matched_lines_for(actor, statement_id, int(further) if further.isdecimal() else 0)
    people = {one.proposal.asked_by for one in lines if one.proposal} | {one.asked_by for one in explained}
    people |= {one.decided_by for one in explained if one.decided_by}
    context = {
        "statement": found, "source": dict(source_names()).get(found.source, found.source), "progress": progress,
        "lines": lines, "explained": explained, "names": identity.staff_names(people), "kinds": KINDS, "actor": actor,
        "keeps_books": keeps_books(actor), "errors": errors or {}, "typed": request.POST, "wrong": line_id,
        "more": lines[-1].line.id if len(lines) == settlement.PAGE_SIZE else None,
        "matched": [(one, RULES.get(one.rule, "")) for one in matched],
        "more_matched": matched[-1].id if len(matched) == settlement.PAGE_SIZE else None,
    }  # fmt: skip
    return render(request, "desk/settlement/statement.html", context, status=422 if errors else 200)


@require_POST
def explain(request: HttpRequest, statement_id: UUID, line_id: int) -> HttpResponse:
    """Say what a line is, or decide what somebody else said."""
    actor, answer = actor_of(request), request.POST.get("answer", "")
    try:
        if answer:
            settlement.decide_explanation(actor=actor, line_id=line_id, approve=answer == "yes", now=timezone.now())
            notes.success(request, gettext("Your decision is recorded."))
        else:
            done = _explain(request, line_id)
            notes.success(
                request,
                gettext("The line is matched.") if done.state == "accepted"
                else gettext("Your proposal waits for a second person."),
            )  # fmt: skip
    except (NotPermitted, NotFound):
        raise
    except settlement.ReasonMissing as refusal:
        return _show(request, statement_id, {f"reason-{line_id}": refusal.message}, line_id)
    except Refusal as refusal:
        return _show(request, statement_id, {f"line-{line_id}": refusal.message}, line_id)
    return redirect("desk:statement", statement_id=statement_id)


def _explain(request: HttpRequest, line_id: int) -> settlement.Explanation:
    chosen = request.POST.get("kind", "")
    if not chosen:
        raise NothingChosen
    kind, _, entry = chosen.partition(":")
    try:
        cashbook_id = UUID(entry) if entry else None
    except ValueError:
        raise NotFound from None
    return settlement.explain(
        actor=actor_of(request), line_id=line_id, kind=kind, reason=request.POST.get("reason", ""), now=timezone.now(),
        cashbook_id=cashbook_id, reference=request.POST.get("reference", ""),
    )  # fmt: skip


@never_cache
def file(request: HttpRequest, statement_id: UUID) -> HttpResponse:
    """The bytes as they came."""
    name, content = settlement.file_for(actor_of(request), statement_id)
    disposition = content_disposition_header(True, name)
    headers = {"Content-Disposition": disposition or "attachment", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="application/octet-stream", headers=headers)


urlpatterns = [
    path("statements/", statements, name="statements"),
    path("statements/<uuid:statement_id>/", statement, name="statement"),
    path("statements/<uuid:statement_id>/file/", file, name="statement_file"),
    path("statements/<uuid:statement_id>/lines/<int:line_id>/", explain, name="explain_line"),
]
