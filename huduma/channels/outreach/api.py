"""What a tablet and the server say to each other: JSON, and files by tus 1.0.0 (https://tus.io/protocols/resumable-upload).

A tablet is registered in its officer's session. From then on it sends its token and nothing else: no cookie counts.
Whatever is sent again has the effect of once.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from huduma.contexts.outreach import public as outreach
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.ui.requests import actor_of

TUS = "1.0.0"
PIECE = "application/offset+octet-stream"


class NotSpoken(Refusal):
    """This server speaks version 1.0.0 of the tus protocol. Update the page of the tablet."""


#: What each refusal is in HTTP; 460 is tus's own for a checksum that does not agree. Every other one is a conflict.
STATUS: dict[type[Refusal], int] = {
    outreach.UnknownDevice: 401,
    NotPermitted: 403,
    outreach.NotOfVisit: 403,
    NotFound: 404,
    outreach.Erased: 410,
    outreach.TooLong: 413,
    outreach.Malformed: 400,
    NotSpoken: 412,
    outreach.TooManyPieces: 429,
    outreach.WrongChecksum: 460,
    files.NotScanned: 503,
}
Answer = Callable[[HttpRequest, Actor, outreach.Device], HttpResponse]


def _refused(refusal: Refusal) -> JsonResponse:
    status = next((code for kind, code in STATUS.items() if isinstance(refusal, kind)), 409)
    content: dict[str, Any] = {"message": refusal.message, "code": refusal.code}
    if status == 410:
        content["wipe"] = True
    answer = JsonResponse(content, status=status)
    if status == 412:
        answer["Tus-Version"] = TUS
    return answer


def _of_device(view: Callable[..., HttpResponse], *, lost: bool = False) -> Callable[..., HttpResponse]:
    """Let a view be called by tablets only, by their token. `lost`: also by one that was reported lost."""

    @csrf_exempt
    @never_cache
    def call(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            device = _recognise(request)
            if device.state == "lost" and not lost:
                raise outreach.Erased
            return view(request, outreach.officer_of(device), device, **kwargs)
        except Refusal as refusal:
            return _refused(refusal)

    return call


def _recognise(request: HttpRequest) -> outreach.Device:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise outreach.UnknownDevice
    said = request.headers.get("Huduma-Unsynced", "")
    unsynced = int(said) if said.isdecimal() and len(said) < 8 else None
    return outreach.recognise(token=token.strip(), unsynced=unsynced, now=timezone.now())


def _json(request: HttpRequest) -> dict[str, Any]:
    try:
        if len(request.body) > outreach.RECORDS_BYTES:
            raise outreach.TooLong
        said = json.loads(request.body, parse_constant=_no_number)
    except RequestDataTooBig:  # more than is taken into memory at all
        raise outreach.TooLong from None
    except (ValueError, RecursionError, RawPostDataException):  # the last: a form, which is read already
        raise outreach.Malformed from None
    if not isinstance(said, dict):
        raise outreach.Malformed
    return said


def _no_number(text: str) -> Any:
    raise ValueError(text)


def _uuid(text: Any) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise outreach.Malformed from None


@never_cache
@require_POST
def devices(request: HttpRequest) -> HttpResponse:
    """Register the tablet that shows this page, for the officer who is signed in and one of their visits."""
    try:
        said = _json(request)
        device, token = outreach.register_device(
            actor=actor_of(request),
            visit_id=_uuid(said.get("visit")),
            name=str(said.get("name", "")),
            now=timezone.now(),
        )
    except Refusal as refusal:
        return _refused(refusal)
    content = {
        "device": str(device.id), "token": token, "visit": str(device.visit_id), "code": device.code,
        "expires_at": device.expires_at.isoformat(),
    }  # fmt: skip
    return JsonResponse(content, status=201)


@require_POST
def wiped(request: HttpRequest, actor: Actor, device: outreach.Device) -> HttpResponse:
    """A lost tablet says that it erased itself."""
    outreach.confirm_wiped(actor=actor, device_id=device.id, now=timezone.now())
    return HttpResponse(status=204)


@require_GET
def pack(request: HttpRequest, actor: Actor, device: outreach.Device, visit_id: UUID) -> HttpResponse:
    """What the tablet takes with it; unchanged since the ETag that it names, it is not sent again."""
    if device.visit_id != visit_id:
        raise NotFound
    found = outreach.take_pack(actor=actor, device_id=device.id, now=timezone.now())
    content = json.dumps(found.content, ensure_ascii=False, sort_keys=True).encode()
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    known = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    if etag in known:
        return HttpResponse(status=304, headers={"ETag": etag})
    outreach.note_pack(actor=actor, device=device, now=timezone.now())
    return HttpResponse(content, content_type="application/json", headers={"ETag": etag})


@require_http_methods(["GET", "POST"])
def records(request: HttpRequest, actor: Actor, device: outreach.Device) -> HttpResponse:
    """Take records in; or, asked for some ids, say how they stand."""
    if request.method == "GET":
        return _states(device, request.GET.get("ids", "").split(","))
    sent = _json(request).get("records")
    if not isinstance(sent, list):
        raise outreach.Malformed
    if len(sent) > outreach.MOST_RECORDS:
        raise outreach.TooLong
    results = outreach.receive_records(actor=actor, device_id=device.id, sent=sent, now=timezone.now())
    return JsonResponse({"results": [_line(one.id, one.state, one.message) for one in results]})


@require_POST
def states(request: HttpRequest, actor: Actor, device: outreach.Device) -> HttpResponse:
    """How records stand now; one that is not listed in the answer never arrived."""
    asked = _json(request).get("ids")
    if not isinstance(asked, list):
        raise outreach.Malformed
    return _states(device, asked)


def _states(device: outreach.Device, asked: list[Any]) -> HttpResponse:
    if len(asked) > 1000:
        raise outreach.TooLong
    found = outreach.states_of(device, [_uuid(one) for one in asked if one])
    return JsonResponse({"results": [_line(str(one.id), *outreach.state_of(one)) for one in found]})


def _line(record_id: str, state: str, message: str) -> dict[str, str]:
    return {"id": record_id, "state": state, **({"message": message} if message else {})}


def _tus(answer: HttpResponse, held: outreach.HeldFile | None = None) -> HttpResponse:
    answer["Tus-Resumable"] = TUS
    if held is not None:
        answer["Upload-Offset"], answer["Upload-Length"] = str(held.offset), str(held.length)
    return answer


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise outreach.Malformed
    return int(text)


def _require_tus(request: HttpRequest) -> None:
    if request.headers.get("Tus-Resumable", TUS) != TUS:
        raise NotSpoken


@require_http_methods(["POST", "OPTIONS"])
def files_of(request: HttpRequest, actor: Actor, device: outreach.Device) -> HttpResponse:
    """Announce a file (tus creation); again, the same place."""
    if request.method == "OPTIONS":
        answer = HttpResponse(status=204)
        answer["Tus-Version"], answer["Tus-Extension"] = TUS, "creation,checksum"
        answer["Tus-Checksum-Algorithm"], answer["Tus-Max-Size"] = "sha256", str(outreach.PHOTO_BYTES)
        return _tus(answer)
    _require_tus(request)
    said = _metadata(request.headers.get("Upload-Metadata", ""))
    digest = said.get("sha256", "").lower()
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise outreach.Malformed
    held = outreach.begin_file(
        actor=actor, device_id=device.id, file_id=_uuid(said.get("id")), record_id=_uuid(said.get("record")),
        length=_whole(request.headers.get("Upload-Length", "")), sha256=digest, now=timezone.now(),
    )  # fmt: skip
    answer = HttpResponse(status=201)
    answer["Location"] = reverse("outreach_api:file", args=[held.id])
    return _tus(answer, held)


def _metadata(header: str) -> dict[str, str]:
    """Return the pairs of `Upload-Metadata`: names with values in base 64."""
    found = {}
    for pair in filter(None, (one.strip() for one in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except ValueError:  # no base 64, or no UTF-8 in it
            raise outreach.Malformed from None
    return found


@require_http_methods(["HEAD", "PATCH"])
def file(request: HttpRequest, actor: Actor, device: outreach.Device, file_id: UUID) -> HttpResponse:
    """How much of a file is here (HEAD), and the next piece of it (PATCH)."""
    _require_tus(request)
    if request.method == "HEAD":
        return _tus(HttpResponse(), outreach.held_file(device, file_id))
    if request.content_type != PIECE:
        return _tus(HttpResponse(status=415))
    algorithm, _, checksum = request.headers.get("Upload-Checksum", "").partition(" ")
    if algorithm not in ("", "sha256"):
        raise outreach.Malformed
    offset = outreach.add_piece(
        actor=actor, device_id=device.id, file_id=file_id, checksum=checksum.strip(), now=timezone.now(),
        offset=_whole(request.headers.get("Upload-Offset", "")), content=request.read(outreach.PIECE_BYTES + 1),
    )  # fmt: skip
    answer = HttpResponse(status=204)
    answer["Upload-Offset"] = str(offset)
    return _tus(answer)


urlpatterns = [
    path("api/devices/", devices, name="devices"),
    path("api/devices/wiped/", _of_device(wiped, lost=True), name="wiped"),
    path("api/visits/<uuid:visit_id>/pack/", _of_device(pack), name="pack"),
    path("api/records/", _of_device(records), name="records"),
    path("api/records/states/", _of_device(states), name="states"),
    path("api/files/", _of_device(files_of), name="files"),
    path("api/files/<uuid:file_id>/", _of_device(file), name="file"),
]
