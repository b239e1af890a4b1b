"""What customers send, as the companies tell of it: checked, kept as it came, answered at once, understood later by a job."""

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
from huduma.foundation import phone as phones
from huduma.foundation.ui.requests import address_of

BODY_LIMIT = 1_000_000
#: Meta puts up to 3 MB into one webhook, after its documentation; more than that nobody sends.
SIGNED_LIMIT = 4_000_000
#: What a caller hears first, in both languages: there is no telling yet which they speak.
WELCOME = (
    "Karibu Huduma. Subiri, au bonyeza 1 tukupigie, 2 usikie ombi lako limefikia wapi. "
    "Welcome to Huduma. Hold the line, or press 1 and we call you back, 3 to hear how far your request is."
)
CLOSED = (
    "Ofisi zimefungwa sasa. Bonyeza 1 tukupigie siku ya kazi, 2 usikie ombi lako limefikia wapi. "
    "We are closed now. Press 1 and we call you back on a working day, 3 to hear how far your request is."
)
PROMISED = "Asante. Tutakupigia. Thank you. We will call you back."


def _is_ours(token: str) -> bool:
    return constant_time_compare(token, africastalking_token())


def _keep(request: HttpRequest, source: str, body: bytes, key: str, more: dict[str, str] | None = None) -> None:
    headers = (more or {}) | {
        "Remote-Addr": address_of(request),
        "Content-Type": request.headers.get("Content-Type", ""),
    }
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
    is_on, keyed = request.POST.get("isActive") == "1", request.GET.get("keyed", "")
    answer, more = ElementTree.Element("Response"), {}
    if is_on and keyed in inbox.KEY_IT:
        more["Keyed"] = "found" if _read_status(request, answer, token, keyed) else "unknown"
    elif is_on:
        _what_to_do(request, answer, token)
    _keep(request, "phone", body, inbox.key_of(body), more)
    if not is_on:
        return HttpResponse()
    return HttpResponse(
        ElementTree.tostring(answer, encoding="UTF-8", xml_declaration=True), content_type="application/xml"
    )


def _what_to_do(request: HttpRequest, answer: ElementTree.Element, token: str) -> None:
    pressed = request.POST.get("dtmfDigits")
    if request.POST.get("direction", "").casefold() == "outbound":
        _dial(request, answer)
    elif pressed == "1" and _caller(request):  # whose number is withheld cannot be called back, and waits
        ElementTree.SubElement(answer, "Say").text = PROMISED
    elif pressed in inbox.STATUS_KEYS:
        language = inbox.STATUS_KEYS[pressed]
        _ask_reference(answer, token, language, inbox.KEY_IT[language])
    elif pressed is not None:
        ElementTree.SubElement(answer, "Enqueue")
    else:
        is_open = inbox.is_open(timezone.now())
        url = settings.HOOKS_BASE_URL + reverse("hooks:inbox_voice", args=[token])
        menu = ElementTree.SubElement(answer, "GetDigits", timeout="8", numDigits="1", callbackUrl=url)
        ElementTree.SubElement(menu, "Say").text = WELCOME if is_open else CLOSED
        if is_open:
            ElementTree.SubElement(answer, "Enqueue")


def _dial(request: HttpRequest, answer: ElementTree.Element) -> None:
    """An agent lifted: dial whom they want to reach; a call that is no longer wanted ends."""
    number = inbox.whom_to_dial(
        session_id=request.POST.get("sessionId", ""), agent_phone=request.POST.get("destinationNumber", "")
    )
    if number:
        dial = ElementTree.SubElement(answer, "Dial", phoneNumbers=number)
        if settings.AT_VOICE_NUMBER:
            dial.set("callerId", settings.AT_VOICE_NUMBER)
    else:
        ElementTree.SubElement(answer, "Reject")


def _caller(request: HttpRequest) -> str:
    try:
        return phones.parse(request.POST.get("callerNumber", ""))
    except phones.InvalidPhone:
        return ""


def _ask_reference(answer: ElementTree.Element, token: str, language: str, words: str) -> None:
    url = f"{settings.HOOKS_BASE_URL}{reverse('hooks:inbox_voice', args=[token])}?keyed={language}"
    keys = ElementTree.SubElement(answer, "GetDigits", timeout="30", finishOnKey="#", callbackUrl=url)
    ElementTree.SubElement(keys, "Say").text = words


def _read_status(request: HttpRequest, answer: ElementTree.Element, token: str, language: str) -> bool:
    said = inbox.read_status(
        phone=_caller(request), digits=request.POST.get("dtmfDigits", "")[:20], language=language, now=timezone.now()
    )
    if said.is_found:
        ElementTree.SubElement(answer, "Say").text = said.words
    else:
        _ask_reference(answer, token, language, said.words)
    return said.is_found


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
        answer = inbox.challenge_of("x", asked)
        return HttpResponse(status=403) if answer is None else JsonResponse({"response_token": answer})
    return _signed(request, "x", "X-Twitter-Webhooks-Signature")


def _signed(request: HttpRequest, channel: str, header: str) -> HttpResponse:
    """Keep a webhook that its channel signed; told again, it changes nothing."""
    body = request.read(SIGNED_LIMIT + 1)  # `body` would stop at what pages may send
    if len(body) > SIGNED_LIMIT:
        return HttpResponse(status=413)
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
