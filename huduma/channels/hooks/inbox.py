"""What customers send, as the companies tell of it: checked, kept as it came, answered at once, understood later by a job."""

from datetime import timedelta
from xml.etree import ElementTree

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from huduma.channels.hooks.messages import africastalking_token
from huduma.contexts.inbox import public as inbox
from huduma.foundation.ui.requests import address_of
from huduma.foundation.worktime import public as worktime

BODY_LIMIT = 1_000_000
#: What a caller hears first, in both languages: there is no telling yet which they speak.
WELCOME = (
    "Karibu Huduma. Subiri, au bonyeza 1 tukupigie. Welcome to Huduma. Hold the line, or press 1 and we call you back."
)
CLOSED = "Ofisi zimefungwa sasa. Bonyeza 1 tukupigie siku ya kazi. We are closed now. Press 1 and we call you back on a working day."
PROMISED = "Asante. Tutakupigia. Thank you. We will call you back."


def _is_ours(token: str) -> bool:
    return constant_time_compare(token, africastalking_token())


def _keep(request: HttpRequest, source: str, body: bytes, key: str) -> None:
    headers = {"Remote-Addr": address_of(request), "Content-Type": request.headers.get("Content-Type", "")}
    inbox.receive(source=source, key=key, headers=headers, body=body, now=timezone.now())


@csrf_exempt
@require_POST
def sms(request: HttpRequest, token: str) -> HttpResponse:
    """An SMS that came to our short code (Africa's Talking, form-encoded, unsigned: the address is secret)."""
    if not _is_ours(token):
        return HttpResponse(status=404)
    body = request.body[:BODY_LIMIT]
    _keep(request, "sms", body, request.POST.get("id", "") or inbox.key_of(body))
    return HttpResponse()


@csrf_exempt
@require_POST
def voice(request: HttpRequest, token: str) -> HttpResponse:
    """A turn of a telephone call; the answer says what to do with it, in the company's XML."""
    if not _is_ours(token):
        return HttpResponse(status=404)
    body = request.body[:BODY_LIMIT]
    _keep(request, "phone", body, inbox.key_of(body))
    if request.POST.get("isActive") != "1":
        return HttpResponse()
    return HttpResponse(_what_to_do(request, token), content_type="application/xml")


def _what_to_do(request: HttpRequest, token: str) -> bytes:
    answer = ElementTree.Element("Response")
    if request.POST.get("dtmfDigits") == "1":
        ElementTree.SubElement(answer, "Say").text = PROMISED
    elif "dtmfDigits" in request.POST:
        ElementTree.SubElement(answer, "Enqueue")
    else:
        now = timezone.now()
        is_open = worktime.working_seconds(now, now + timedelta(minutes=1)) > 0
        url = settings.HOOKS_BASE_URL + reverse("hooks:inbox_voice", args=[token])
        menu = ElementTree.SubElement(answer, "GetDigits", timeout="8", numDigits="1", callbackUrl=url)
        ElementTree.SubElement(menu, "Say").text = WELCOME if is_open else CLOSED
        if is_open:
            ElementTree.SubElement(answer, "Enqueue")
    return ElementTree.tostring(answer, encoding="UTF-8", xml_declaration=True)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def meta(request: HttpRequest, channel: str) -> HttpResponse:
    """WhatsApp's and Messenger's check of our address (GET), and their signed webhooks (POST)."""
    if request.method == "GET":
        told = request.GET.get("hub.verify_token", "")
        expected = getattr(settings, f"{channel.upper()}_VERIFY_TOKEN")
        if request.GET.get("hub.mode") == "subscribe" and expected and constant_time_compare(told, expected):
            return HttpResponse(request.GET.get("hub.challenge", "")[:200], content_type="text/plain")
        return HttpResponse(status=403)
    return _signed(request, channel, "X-Hub-Signature-256")


@csrf_exempt
@require_http_methods(["GET", "POST"])
def x(request: HttpRequest) -> HttpResponse:
    """X's check of our address (GET `crc_token`, to be signed), and its signed webhooks (POST)."""
    if request.method == "GET":
        asked = request.GET.get("crc_token", "")
        answer = inbox.challenge_of("x", asked) if 0 < len(asked) <= 500 else None
        return HttpResponse(status=403) if answer is None else JsonResponse({"response_token": answer})
    return _signed(request, "x", "X-Twitter-Webhooks-Signature")


def _signed(request: HttpRequest, channel: str, header: str) -> HttpResponse:
    """Keep a webhook that its channel signed; told again, it changes nothing."""
    body = request.body[:BODY_LIMIT]
    if not inbox.is_signed_by(channel, body, request.headers.get(header, "")):
        return HttpResponse(status=403)
    _keep(request, channel, body, inbox.key_of(body))
    return HttpResponse()


urlpatterns = [
    path("inbox/sms/<str:token>/", sms, name="inbox_sms"),
    path("inbox/voice/<str:token>/", voice, name="inbox_voice"),
    *(path(f"inbox/{one}/", meta, {"channel": one}, name=f"inbox_{one}") for one in ("whatsapp", "messenger")),
    path("inbox/x/", x, name="inbox_x"),
]
