"""Open311 GeoReport v2: matters with a place, lodged and followed by any program that speaks it (wiki.open311.org/GeoReport_v2).

Lodging needs a key. What is shown to everybody is where and what kind a matter is and how far, never its words or who brought it.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree import ElementTree

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.urls import path
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.dateparse import parse_datetime
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from huduma.contexts.contact import public as contact
from huduma.contexts.places import public as places
from huduma.foundation import mail, references
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, Refusal
from huduma.foundation.translated import pick

MOST_ROWS, LONGEST_SPAN = 1000, timedelta(days=90)
#: Characters that no XML holds (XML 1.0, 2.2).
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BY = Actor(kind="anonymous", channel="open311", purpose="contact")


class Wrong(Exception):
    """A request that is refused, with its HTTP status."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status


def _services() -> list[contact.Kind]:
    return [kind for kind in contact.KINDS.values() if kind.for_customers and not kind.confidential]


def _said(root: str, each: str, rows: Sequence[dict[str, Any]], form: str, status: int = 200) -> HttpResponse:
    """Return rows as JSON, or as XML under the root that the standard names."""
    if form == "json":
        return JsonResponse(list(rows), safe=False, status=status)
    top = ElementTree.Element(root)
    for row in rows:
        element = ElementTree.SubElement(top, each)
        for name, value in row.items():
            ElementTree.SubElement(element, name).text = (
                "" if value is None else NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(value))
            )
    return _xml(top, status)


def _xml(top: ElementTree.Element, status: int = 200) -> HttpResponse:
    content = ElementTree.tostring(top, encoding="UTF-8", xml_declaration=True)
    return HttpResponse(content, content_type="text/xml; charset=utf-8", status=status)


def _refused(form: str, status: int, description: str) -> HttpResponse:
    return _said("errors", "error", [{"code": str(status), "description": description}], form, status)


@require_safe
def services(request: HttpRequest, form: str) -> HttpResponse:
    """The kinds of matter that can be lodged; they are the same for every body."""
    try:
        _jurisdiction(request.GET)
    except Wrong as wrong:
        return _refused(form, wrong.status, str(wrong))
    rows = [
        {
            "service_code": kind.code, "service_name": pick(kind.name, _language(request)),
            "description": pick(kind.about, _language(request)), "metadata": "false", "type": "realtime", "keywords": "", "group": "",
        }
        for kind in _services()
    ]  # fmt: skip
    return _said("services", "service", rows, form)


@require_safe
def service(request: HttpRequest, code: str, form: str) -> HttpResponse:
    """The questions of one kind: there are none beyond the standard's own."""
    if code not in {kind.code for kind in _services()}:
        return _refused(form, 404, "service_code is not known")
    if form == "json":
        return JsonResponse({"service_code": code, "attributes": []})
    top = ElementTree.Element("service_definition")
    ElementTree.SubElement(top, "service_code").text = code
    ElementTree.SubElement(top, "attributes")
    return _xml(top)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def requests(request: HttpRequest, form: str) -> HttpResponse:
    """Lodge one (POST), or list those of a span (GET): at most 90 days and 1 000 rows."""
    try:
        if request.method == "POST":
            matter = _lodge(request)
            row = {
                "service_request_id": matter.reference,
                "service_notice": f"You hear from us by {timezone.localtime(matter.due_at):%Y-%m-%d}.",
                "account_id": None,
            }
            return _said("service_requests", "request", [row], form, 201)
        return _said("service_requests", "request", [_row(one) for one in _listed(request)], form)
    except Wrong as wrong:
        return _refused(form, wrong.status, str(wrong))


@require_safe
def one_request(request: HttpRequest, reference: str, form: str) -> HttpResponse:
    """How far one is."""
    meant, now = references.normalise(reference), timezone.now()
    found = contact.list_open311(
        matter_references=[meant or ""], since=now, until=now, limit=1
    )  # fmt: skip
    if not found:
        return _refused(form, 404, "service_request_id was not found")
    return _said("service_requests", "request", [_row(found[0])], form)


@require_safe
def token(request: HttpRequest, reference: str, form: str) -> HttpResponse:
    """The id of a request by its token: what is lodged has its id at once, which is its own token."""
    now = timezone.now()
    meant = references.normalise(reference) or ""
    if not contact.list_open311(matter_references=[meant], since=now, until=now, limit=1):
        return _refused(form, 404, "token was not found")
    return _said("service_requests", "request", [{"service_request_id": meant, "token": reference}], form)


def _jurisdiction(query: QueryDict) -> str:
    """Return the code of the body that is named, empty where none is."""
    code = query.get("jurisdiction_id", "")
    if code and code not in {one.code for one in places.list_bodies()}:
        raise Wrong(404, "jurisdiction_id is the code of a public body, and was not found")
    return code


def _language(request: HttpRequest) -> str:
    return "sw" if request.GET.get("locale", "").startswith("sw") else "en"


def _listed(request: HttpRequest) -> list[contact.Matter]:
    query, now = request.GET, timezone.now()
    named = _parts(query, "service_request_id")[:MOST_ROWS]
    until = _moment(query.get("end_date", ""), now)
    since = _moment(query.get("start_date", ""), until - LONGEST_SPAN)
    states = set(_parts(query, "status"))
    if not states <= {"open", "closed"}:
        raise Wrong(400, "status is open or closed")
    return contact.list_open311(
        matter_references=[references.normalise(one) or "" for one in named] if named else None,
        kinds=_parts(query, "service_code"), state=states.pop() if len(states) == 1 else "", body_code=_jurisdiction(query),
        since=max(since, until - LONGEST_SPAN), until=until, limit=MOST_ROWS,
    )  # fmt: skip


def _parts(query: QueryDict, name: str) -> list[str]:
    """Return what stands between commas, of each time that a parameter is given."""
    return [part.strip() for text in query.getlist(name) for part in text.split(",") if part.strip()]


def _moment(text: str, otherwise: datetime) -> datetime:
    if not text:
        return otherwise
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or timezone.is_naive(moment) or not 2000 <= moment.year < 2100:
        raise Wrong(400, "a date is written as in 2026-11-25T10:00:00+03:00")
    return moment


def _row(matter: contact.Matter) -> dict[str, Any]:
    is_open = matter.is_open
    return {
        "service_request_id": matter.reference,
        "status": "open" if is_open else "closed",
        "status_notes": pick(matter.state_name, "en"),
        "service_name": pick(contact.KINDS[matter.kind].name, "en"),
        "service_code": matter.kind,
        "description": None,
        "agency_responsible": pick(matter.body.name, "en") if matter.body else None,
        "service_notice": None,
        "requested_datetime": timezone.localtime(matter.opened_at).isoformat(timespec="seconds"),
        "updated_datetime": timezone.localtime(matter.answered_at or matter.level_at).isoformat(timespec="seconds"),
        "expected_datetime": timezone.localtime(matter.due_at).isoformat(timespec="seconds"),
        "address": matter.place or None,
        "address_id": None,
        "zipcode": None,
        "lat": float(matter.latitude) if matter.latitude is not None else None,
        "long": float(matter.longitude) if matter.longitude is not None else None,
        "media_url": None,
    }


def _lodge(request: HttpRequest) -> contact.Matter:
    post = request.POST
    if not any(constant_time_compare(post.get("api_key", ""), key) for key in settings.OPEN311_KEYS):
        raise Wrong(403, "api_key is missing or not known")
    code = post.get("service_code", "")
    if code not in {kind.code for kind in _services()}:
        raise Wrong(404 if code else 400, "service_code is not known" if code else "service_code is missing")
    place = contact.Place(*_degrees(post.get("lat", ""), post.get("long", "")), post.get("address_string", "").strip())
    if place.latitude is None and not place.words:
        raise Wrong(400, "lat and long, or address_string, is needed")
    body_code = _jurisdiction(post)
    try:
        return contact.open_matter(
            actor=BY, kind=code, text=_words(post), language=_language(request), place=place,
            body_code=body_code or None, phone=post.get("phone", ""), email=post.get("email", ""),
            name=f"{post.get('first_name', '')} {post.get('last_name', '')}".strip(), channel="open311", now=timezone.now(),
        )  # fmt: skip
    except (mail.InvalidAddress, phones.InvalidPhone):
        raise Wrong(400, "email or phone is not written as such") from None
    except Refusal as refusal:
        raise Wrong(400, refusal.message) from None


def _words(post: QueryDict) -> str:
    """Return what was described, and below it where a picture of it is: nobody here fetches that by itself."""
    address, words = post.get("media_url", "").strip(), post.get("description", "")
    is_address = address.startswith(("https://", "http://")) and len(address) <= 500
    return f"{words}\n\n{address}" if words.strip() and is_address else words


def _degrees(latitude: str, longitude: str) -> tuple[Decimal | None, Decimal | None]:
    if not latitude and not longitude:
        return None, None
    try:
        north, east = Decimal(latitude), Decimal(longitude)
    except InvalidOperation:
        raise Wrong(400, "lat and long are degrees, as in -1.28638 and 36.81722") from None
    if not (north.is_finite() and east.is_finite() and abs(north) <= 90 and abs(east) <= 180):
        raise Wrong(400, "lat and long are degrees, as in -1.28638 and 36.81722")
    return round(north, 5), round(east, 5)


FORMS = ("json", "xml")
urlpatterns = [
    *(path(f"open311/v2/services.{form}", services, {"form": form}) for form in FORMS),
    *(path(f"open311/v2/services/<slug:code>.{form}", service, {"form": form}) for form in FORMS),
    *(path(f"open311/v2/requests.{form}", requests, {"form": form}) for form in FORMS),
    *(path(f"open311/v2/requests/<str:reference>.{form}", one_request, {"form": form}) for form in FORMS),
    *(path(f"open311/v2/tokens/<str:reference>.{form}", token, {"form": form}) for form in FORMS),
]
