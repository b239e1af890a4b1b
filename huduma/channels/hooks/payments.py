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

KEPT_HEADERS = ("Content-Type", "User-Agent", "X-Forwarded-For", "X-Request-Id")


@csrf_exempt
@require_POST
def callback(request: HttpRequest, gateway: str, token: str) -> HttpResponse:
    """Take one callback. The address carries an unguessable token for each payment; the body is not trusted at all."""
    if not _from_known_network(request):
        return HttpResponse(status=404)
    headers = {name: request.headers[name][:500] for name in KEPT_HEADERS if name in request.headers}
    headers["Remote-Addr"] = request.META.get("REMOTE_ADDR", "")
    body = request.read(payments.CALLBACK_LIMIT_BYTES)
    payments.receive_callback(gateway=gateway, token=token, headers=headers, body=body, now=timezone.now())
    return JsonResponse({"ResultCode": 0, "ResultDesc": "Accepted"})


def _from_known_network(request: HttpRequest) -> bool:
    networks = settings.HOOKS_ALLOWED_NETWORKS
    if not networks:
        return True
    try:
        caller = ipaddress.ip_address(address_of(request))
    except ValueError:
        return False
    return any(caller in ipaddress.ip_network(network) for network in networks)


urlpatterns = [path("payments/<slug:gateway>/<str:token>/", callback, name="payment")]
