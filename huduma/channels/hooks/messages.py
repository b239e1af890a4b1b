"""Delivery receipts of the SMS companies."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from huduma.contexts.messages import public as messages
from huduma.foundation.text import storable

DELIVERED = {"Success", "delivered"}
UNDELIVERED = {"Failed", "Rejected", "AbsentSubscriber", "failed", "undelivered"}


def africastalking_token() -> str:
    """The unguessable part of the address that is entered at Africa's Talking: its receipts are not signed."""
    return salted_hmac("hooks.sms.africastalking", settings.AT_API_KEY).hexdigest()[:32]


@csrf_exempt
@require_POST
def africastalking(request: HttpRequest, token: str) -> HttpResponse:
    """A receipt of Africa's Talking (form-encoded)."""
    if not constant_time_compare(token, africastalking_token()):
        return HttpResponse(status=404)
    _take(
        "africastalking",
        request.POST.get("id", ""),
        request.POST.get("status", ""),
        request.POST.get("phoneNumber", ""),
    )
    return HttpResponse()


@csrf_exempt
@require_POST
def twilio(request: HttpRequest) -> HttpResponse:
    """A signed status callback of the second company."""
    fields = {key: str(value) for key, value in request.POST.items()}
    url = f"{settings.HOOKS_BASE_URL}{request.path}"
    signature = request.headers.get("X-Twilio-Signature", "")
    if not messages.is_signed(url=url, fields=fields, signature=signature, auth_token=settings.TWILIO_AUTH_TOKEN):
        return HttpResponse(status=403)
    _take("twilio", fields.get("MessageSid", ""), fields.get("MessageStatus", ""), fields.get("To", ""))
    return HttpResponse()


def _take(provider: str, message_id: str, status: str, phone: str) -> None:
    if status in DELIVERED | UNDELIVERED:  # what lies between (queued, sent, buffered) settles nothing
        messages.record_receipt(
            provider=provider,
            provider_message_id=storable(message_id)[:100],
            delivered=status in DELIVERED,
            phone=storable(phone),
            now=timezone.now(),
        )


urlpatterns = [
    path("sms/africastalking/<str:token>/", africastalking, name="africastalking"),
    path("sms/twilio/", twilio, name="twilio"),
]
