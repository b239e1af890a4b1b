"""What the programs of bodies tell: signed after the Standard Webhooks specification, done at once, and done once."""

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from huduma.contexts.crm import public as crm
from huduma.foundation.access import NotFound, Refusal

BODY_LIMIT = 100_000


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """Take one webhook. A repeat of its id is taken and does nothing; what is refused says why, and may be sent again, mended."""
    if len(request.body) > BODY_LIMIT:
        return HttpResponse(status=413)
    webhook_id, now = request.headers.get("webhook-id", ""), timezone.now()
    timestamp, signatures = request.headers.get("webhook-timestamp", ""), request.headers.get("webhook-signature", "")
    try:
        if not webhook_id or len(webhook_id) > 200:
            raise NotFound
        link = crm.admit_signed(
            link_id=link_id,
            webhook_id=webhook_id,
            timestamp=timestamp,
            body=request.body,
            signatures=signatures,
            now=now,
        )
    except NotFound:
        return HttpResponse(status=401)
    except crm.TooManyRequests as refusal:
        return HttpResponse(status=429, headers={"Retry-After": str(refusal.facts["retry_after"])})
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return JsonResponse({"detail": "The body is a JSON object."}, status=400)
    try:
        is_new = crm.hear(link=link, webhook_id=webhook_id, told=told, now=now)
    except Refusal as refusal:
        return JsonResponse({"title": refusal.code, "detail": refusal.message}, status=422)
    return HttpResponse(status=201 if is_new else 200)


urlpatterns = [path("crm/<uuid:link_id>/", webhook, name="crm")]
