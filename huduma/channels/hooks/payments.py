"""Callbacks of payment gateways: kept as they came, answered at once, judged later by a job."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from huduma.contexts.payments import public as payments
from huduma.foundation.ui.requests import address_of


@csrf_exempt
@require_POST
def callback(request: HttpRequest, address: str, token: str, late: bool = False) -> HttpResponse:
    """Take one callback. The address carries an unguessable token; the body is not trusted at all.

    `late`: the gateway says only that its own result is late; it is kept, and what became of it is asked for later.
    """
    if not _from_known_network(request, address):
        return HttpResponse(status=404)
    ours = {"Remote-Addr": request.META.get("REMOTE_ADDR", "")}  # first, and whatever was sent under that name
    headers = {**ours, **request.headers} | ours
    body = request.read(payments.CALLBACK_LIMIT_BYTES)
    taken = payments.receive_callback(
        address=address, token=token, headers=headers, body=body, late=late, now=timezone.now()
    )
    return JsonResponse(taken.answer, status=taken.status)


@csrf_exempt
@require_POST
def question(request: HttpRequest, address: str, token: str) -> HttpResponse:
    """Answer a gateway that asks whether a reference that a payer typed may be paid. It waits about eight seconds."""
    if not _from_known_network(request, address):
        return HttpResponse(status=404)
    body = request.read(payments.CALLBACK_LIMIT_BYTES)
    taken = payments.answer_question(address=address, token=token, body=body)
    return JsonResponse(taken.answer, status=taken.status)


def _from_known_network(request: HttpRequest, address: str) -> bool:
    networks = settings.HOOKS_NETWORKS_OF.get(address) or settings.HOOKS_ALLOWED_NETWORKS
    if not networks:
        return True
    try:
        caller = ipaddress.ip_address(address_of(request))
    except ValueError:
        return False
    return any(caller in ipaddress.ip_network(network) for network in networks)


urlpatterns = [
    path("payments/<slug:address>/<str:token>/", callback, name="payment"),
    path("payments/<slug:address>/<str:token>/late/", callback, {"late": True}, name="payment_late"),
    path("payments/<slug:address>/<str:token>/question/", question, name="payment_question"),
]
