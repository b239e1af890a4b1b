"""Checking whether a document is genuine, by anybody, by its reference, its QR code or its file; and one's own documents."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from huduma.contexts.credentials import public as credentials
from huduma.contexts.places import public as places
from huduma.foundation import references
from huduma.foundation.ui.requests import actor_of

LARGEST_FILE = 5_000_000


@never_cache
def verify(request: HttpRequest) -> HttpResponse:
    """Ask for a reference or a file; a file is judged and forgotten."""
    errors = {}
    typed = request.POST.get("reference", "").strip()
    if request.method == "POST":
        file = request.FILES.get("file")
        if file is not None and (file.size or 0) > LARGEST_FILE:
            errors["file"] = gettext("This file is larger than any document we issue. Choose the PDF itself.")
        elif file is not None:
            return _show(request, credentials.verify_document(file.read()))
        elif (reference := references.normalise(typed)) is not None:
            return redirect("portal:verify_reference", reference=reference)
        else:
            errors["reference"] = gettext("That is not a reference. It has 11 letters and digits, like HC 7K3M 9Q2X C.")
    context = {"errors": errors, "typed": typed}
    return render(request, "portal/credentials/verify.html", context, status=422 if errors else 200)


@never_cache
def verify_reference(request: HttpRequest, reference: str) -> HttpResponse:
    """What the QR code of a document leads to."""
    return _show(request, credentials.verify_reference(reference))


def _show(request: HttpRequest, verdict: credentials.Verdict) -> HttpResponse:
    body = places.get_body(verdict.body_code) if verdict.body_code else None
    return render(request, "portal/credentials/verdict.html", {"verdict": verdict, "body": body})


@never_cache
def document(request: HttpRequest, credential_id: UUID) -> HttpResponse:
    """Give a document to its holder."""
    actor = actor_of(request)
    credential, content = credentials.get_document_for(actor, credential_id, now=timezone.now())
    name = f"{credential.service_code}-{credential.reference}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


urlpatterns = [
    path("verify/", verify, name="verify"),
    path("verify/<str:reference>/", verify_reference, name="verify_reference"),
    path("documents/<uuid:credential_id>.pdf", document, name="document"),
]
