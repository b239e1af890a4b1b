"""The API for a body's own CRM: it signs in with OAuth 2.0 client credentials (RFC 6749 §4.4) and works on its body's matters."""

import base64
import binascii
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from huduma.contexts.contact import public as contact
from huduma.contexts.crm import public as crm
from huduma.foundation import references, throttle
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import address_of

TRIES_PER_HOUR = 120
BODY_LIMIT = 100_000
ACTS = {"notes": "matter.note", "messages": "matter.message", "answer": "matter.answer"}


def problem(status: int, title: str, detail: str = "") -> JsonResponse:
    """Return a refusal (RFC 9457)."""
    said = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JsonResponse(said, status=status, content_type="application/problem+json")


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Give a token for an hour (`grant_type=client_credentials`; the client by HTTP Basic or in the form)."""
    if not throttle.allow(f"crm-token:{address_of(request)}", limit=TRIES_PER_HOUR, seconds=3600):
        return JsonResponse(
            {"error": "temporarily_unavailable"}, status=429, headers={"Retry-After": throttle.seconds_left(3600)}
        )
    if request.POST.get("grant_type") != "client_credentials":
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)
    client_id, secret = _basic(request) or (request.POST.get("client_id", ""), request.POST.get("client_secret", ""))
    try:
        link = crm.sign_in(client_id=client_id, client_secret=secret)
    except NotFound:
        return JsonResponse({"error": "invalid_client"}, status=401, headers={"WWW-Authenticate": 'Basic realm="crm"'})
    said = {"access_token": crm.token_of(link), "token_type": "Bearer", "expires_in": crm.TOKEN_SECONDS}
    return JsonResponse(said, headers={"Cache-Control": "no-store"})


def _basic(request: HttpRequest) -> tuple[str, str] | None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "basic":
        return None
    try:
        name, _, word = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return name, word


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a view be called with the link of a bearer token, and say its refusals as problems."""

    @csrf_exempt
    @wraps(view)
    def checked(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        try:
            if scheme.casefold() != "bearer":
                raise NotFound
            link = crm.admit(token=given.strip())
        except crm.TooManyRequests as refusal:
            refused = problem(429, "Too Many Requests", refusal.message)
            refused["Retry-After"] = str(refusal.facts["retry_after"])
            return refused
        except NotFound:
            refused = problem(401, "Unauthorized", "Get a token first; it holds for an hour.")
            refused["WWW-Authenticate"] = 'Bearer realm="crm"'
            return refused
        try:
            answer = view(request, link, *arguments, **named)
        except NotFound as refusal:
            return problem(404, refusal.code, refusal.message)
        except NotPermitted as refusal:
            return problem(403, refusal.code, refusal.message)
        except Refusal as refusal:
            return problem(409, refusal.code, refusal.message)
        if allowed := answer.headers.get("Allow"):
            answer = problem(405, "Method Not Allowed", f"Here it is {allowed}.")
            answer["Allow"] = allowed
        answer["Cache-Control"] = "no-store"
        return answer

    return checked


@signed_in
@require_safe
def matters(request: HttpRequest, link: crm.Link) -> HttpResponse:
    """The open matters that are with the body now, what is due first; or `?view=late`, `?view=answered`. `?after=` for more."""
    view = request.GET.get("view", "team")
    if view not in ("team", "late", "answered"):
        return problem(400, "Bad Request", "view is team, late or answered")
    after = request.GET.get("after", "")
    if after and not contact.is_cursor(after):
        return problem(400, "Bad Request", "after is what a page of ours gave; leave it out for the first page")
    page = contact.list_matters_for(
        crm.actor_of_link(link), now=timezone.now(), view=view, after=after  # type: ignore[arg-type]
    )  # fmt: skip
    return JsonResponse({"matters": [_row(one) for one in page.matters], "after": page.after})


@signed_in
@require_safe
def matter(request: HttpRequest, link: crm.Link, reference: str) -> HttpResponse:
    """One matter with all that was said about it. The look is recorded, and the customer sees it."""
    actor = crm.actor_of_link(link)
    found = contact.get_named_for(actor, references.normalise(reference) or "")
    if found is None:
        raise NotFound
    return JsonResponse(_whole(contact.get_matter_for(actor, found.id, now=timezone.now())))


@signed_in
@require_POST
def act(request: HttpRequest, link: crm.Link, reference: str, what: str) -> HttpResponse:
    """Write a note among staff, write to the customer, or answer."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_LIMIT:
        return problem(413, "Content Too Large", f"A body has at most {BODY_LIMIT:,} bytes.")
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("text"), str):
        return problem(400, "Bad Request", "The body is a JSON object with a text.")
    done = crm.act(
        link=link, what=ACTS[what], reference=reference, text=told["text"], outcome=str(told.get("outcome", "")),
        ask=told.get("ask") is True, now=timezone.now(),
    )  # fmt: skip
    return JsonResponse(_whole(done), status=201)


def _row(one: contact.Matter) -> dict[str, Any]:
    return {
        "reference": one.reference, "kind": one.kind, "title": one.title, "state": one.state, "state_name": pick(one.state_name, "en"),
        "level": one.level, "body": one.body_id, "service": one.service_code or None, "urgent": one.is_urgent,
        "opened_at": one.opened_at.isoformat(), "due_at": one.due_at.isoformat(),
    }  # fmt: skip


def _whole(one: contact.Matter) -> dict[str, Any]:
    return {
        **_row(one), "text": one.text, "language": one.language, "name": one.name or None, "phone": one.phone or None,
        "email": one.email or None, "outcomes": list(one.rules.outcomes), "outcome": one.outcome or None, "answer": one.answer or None,
        "said": [
            {"at": remark.at.isoformat(), "side": remark.side, "text": remark.text}
            for remark in contact.remarks_of(one, internal=True)
        ],
    }  # fmt: skip


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The description of all this, for programs (OpenAPI 3.1)."""
    return JsonResponse(DESCRIPTION, headers={"Access-Control-Allow-Origin": "*"})


def _words(**more: Any) -> dict[str, Any]:
    properties = {"text": {"type": "string", "minLength": 1, "maxLength": contact.TEXT_LIMIT}, **more}
    schema = {"type": "object", "required": ["text"], "properties": properties}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _said(what: str, status: str = "200", schema: str = "Matter") -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    trouble = {
        "description": "A problem (RFC 9457): 400 not understood, 401 without a token, 404 not this body's, 409 with the sentence"
        f" of why not, 429 after {crm.REQUESTS_PER_MINUTE} requests in a minute: Retry-After says how many seconds to wait."
    }
    return {status: {"description": what, "content": content}, "default": trouble}


STRING = {"type": "string"}
MAYBE = {"type": ["string", "null"]}
MOMENT = {"type": "string", "format": "date-time"}
ROW = {
    "reference": STRING, "kind": {"enum": sorted(contact.KINDS)}, "title": STRING, "state": {"enum": sorted(contact.STATES)},
    "state_name": STRING, "level": {"type": "integer"}, "body": STRING, "service": MAYBE, "urgent": {"type": "boolean"},
    "opened_at": MOMENT, "due_at": MOMENT,
}  # fmt: skip
SAID = {
    "type": "object",
    "properties": {"at": MOMENT, "side": {"enum": ["customer", "staff", "internal"]}, "text": STRING},
}
WHOLE = ROW | {
    "text": STRING, "language": {"enum": ["en", "sw"]}, "name": MAYBE, "phone": MAYBE, "email": MAYBE, "outcome": MAYBE,
    "outcomes": {"type": "array", "items": STRING}, "answer": MAYBE, "said": {"type": "array", "items": SAID},
}  # fmt: skip
BY_REFERENCE = [{"name": "reference", "in": "path", "required": True, "schema": STRING}]
DESCRIPTION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Matters of a public body, for its own CRM", "version": "1"},
    "servers": [{"url": "/api/crm/v1"}],
    "security": [{"client": []}],
    "paths": {
        "/matters": {
            "get": {
                "summary": "Open matters that are with the body, what is due first",
                "parameters": [
                    {"name": "view", "in": "query", "schema": {"enum": ["team", "late", "answered"]}},
                    {"name": "after", "in": "query", "schema": STRING},
                ],
                "responses": _said("A page, and where the next begins", schema="Page"),
            }
        },
        "/matters/{reference}": {"get": {"summary": "One matter", "parameters": BY_REFERENCE, "responses": _said("It")}},
        "/matters/{reference}/notes": {
            "post": {
                "summary": "A note among staff", "parameters": BY_REFERENCE, "requestBody": _words(), "responses": _said("It", "201"),
            }
        },
        "/matters/{reference}/messages": {
            "post": {
                "summary": "Write to the customer; with ask the clock stands still until they answer", "parameters": BY_REFERENCE,
                "requestBody": _words(ask={"type": "boolean"}), "responses": _said("It", "201"),
            }
        },
        "/matters/{reference}/answer": {
            "post": {
                "summary": "Answer, with one of the outcomes of its kind and an explanation", "parameters": BY_REFERENCE,
                "requestBody": _words(outcome=STRING), "responses": _said("It", "201"),
            }
        },
    },
    "webhooks": {
        kind: {
            "post": {
                "summary": "Signed after the Standard Webhooks specification; tried for more than three days",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/News"}}}},
                "responses": {"2XX": {"description": "Taken"}, "410": {"description": "Want no more of this"}},
            }
        }
        for kind in crm.TYPES.values()
    },
    "components": {
        "securitySchemes": {
            "client": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/api/crm/v1/token", "scopes": {}}}}
        },
        "schemas": {
            "Matter": {"type": "object", "properties": WHOLE},
            "Page": {
                "type": "object",
                "properties": {"matters": {"type": "array", "items": {"type": "object", "properties": ROW}}, "after": MAYBE},
            },
            "News": {
                "type": "object",
                "properties": {
                    "type": {"enum": list(crm.TYPES.values())}, "timestamp": MOMENT,
                    "data": {
                        "type": "object",
                        "properties": {name: ROW[name] for name in ("reference", "kind", "state", "level", "due_at", "body")},
                    },
                },
            },
        },
    },
}  # fmt: skip
urlpatterns = [
    path("crm/v1/openapi.json", openapi, name="crm_openapi"),
    path("crm/v1/token", token, name="crm_token"),
    path("crm/v1/matters", matters, name="crm_matters"),
    path("crm/v1/matters/<str:reference>", matter, name="crm_matter"),
    *(path(f"crm/v1/matters/<str:reference>/{what}", act, {"what": what}, name=f"crm_{what}") for what in ACTS),
]
