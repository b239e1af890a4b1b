"""Ways back: to the page on which a form stood, with what was typed there where it could not be taken.

A form is not taken when the session of who sent it had ended, or when its page was out of date. What was typed then waits, sealed,
until that form is shown again to the same person, and to nobody else. Who that is tells the form's own token: a signed cookie names
the person who last signed in at this browser, and the tokens of their pages (a sign-in changes the token). A form that another site
sent has none of these, and is not kept.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html
from django.conf import settings
from django.contrib import messages as notes
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.middleware import csrf
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language_from_path, gettext

from huduma.foundation import sealing

UNSENT = "unsent_form"
COOKIE = "forms"
COOKIE_SECONDS = 7 * 24 * 3600
MOST_TOKENS = 5
LIFE_SECONDS = 3600
MOST_CHARACTERS = 100_000
#: What is never kept: it proves who somebody is.
SECRET = re.compile(r"(^|_)(csrfmiddlewaretoken|password|code|pin|otp|secret|token|key)(_|$)", re.IGNORECASE)
#: What a page says itself, or that no page may fill in.
UNWRITTEN = ("hidden", "file", "submit", "password")
#: Characters that no document may hold (XML 1.0, 2.2).
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def page_of(request: HttpRequest) -> str:
    """Return the page to come back to: this one, or for a form the one on which it stood."""
    if request.method != "POST":
        return request.get_full_path()
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return request.get_full_path()
    return urlsplit(page)._replace(scheme="", netloc="", fragment="").geturl()


def keep(request: HttpRequest) -> bool:
    """Keep what was typed into a form, without files and secrets, for whom the form was made; False where none can be told."""
    owner, tokens = _last_signed_in(request)
    if _mark(request.POST.get("csrfmiddlewaretoken", "")) not in tokens:
        return False
    typed = {
        name: [UNWRITABLE.sub("", text) for text in texts]
        for name, texts in request.POST.lists()
        if not SECRET.search(name)
    }
    if sum(len(text) for name, texts in typed.items() for text in (name, *texts)) > MOST_CHARACTERS:
        return False
    request.session[UNSENT] = {
        "owner": owner,
        "action": request.path,
        "typed": sealing.seal(json.dumps(typed), UNSENT),
        "until": timezone.now().timestamp() + LIFE_SECONDS,
    }
    if SESSION_KEY not in request.session:
        notes.info(request, gettext("You were signed out. Sign in: what you typed is kept, and not sent yet."))
    return True


def keep_till_sign_in(request: HttpRequest) -> None:
    """Keep what was typed by somebody who was signed out, or say that it was lost."""
    if not keep(request):
        notes.warning(
            request, gettext("You were signed out: what you sent was not recorded. Sign in and send it again.")
        )


def take(request: HttpRequest) -> dict[str, list[str]]:
    """Return what this person typed into the form of this address and could not be taken, once; nothing where there is none."""
    unsent = _unsent(request)
    if unsent is None or unsent["action"] != request.path:
        return {}
    return _typed(request, unsent)


def _unsent(request: HttpRequest) -> dict[str, Any] | None:
    unsent: dict[str, Any] | None = request.session.get(UNSENT)
    account = request.session.get(SESSION_KEY)
    if unsent is None or account is None:
        return None
    if unsent["owner"] != _name(account) or unsent["until"] < timezone.now().timestamp():
        del request.session[UNSENT]
        return None
    return unsent


def _typed(request: HttpRequest, unsent: dict[str, Any]) -> dict[str, list[str]]:
    del request.session[UNSENT]
    typed: dict[str, list[str]] = json.loads(sealing.unseal(unsent["typed"], UNSENT))
    return typed


def _name(account: str) -> str:
    return salted_hmac(COOKIE, account).hexdigest()


def _mark(token: str) -> str:
    """Return by what a token is known; all that were made of one secret have the same mark."""
    if len(token) == csrf.CSRF_TOKEN_LENGTH and token.isalnum() and token.isascii():
        token = csrf._unmask_cipher_token(token)  # type: ignore[attr-defined]
    return salted_hmac(COOKIE, token).hexdigest()[:20]


def _last_signed_in(request: HttpRequest) -> tuple[str, list[str]]:
    value = request.get_signed_cookie(COOKIE, "", salt=COOKIE, max_age=COOKIE_SECONDS) or ""
    owner, *tokens = value.split(".")
    return owner, tokens


def _remember(request: HttpRequest, answer: HttpResponse) -> None:
    account, secret = request.session.get(SESSION_KEY), request.META.get("CSRF_COOKIE")
    if account is None or not secret:
        return
    owner, tokens = _last_signed_in(request)
    name, mark = _name(account), _mark(secret)
    if owner == name and mark in tokens:
        return
    tokens = [mark, *(tokens if owner == name else [])][:MOST_TOKENS]
    answer.set_signed_cookie(
        COOKIE, ".".join([name, *tokens]), salt=COOKIE, max_age=COOKIE_SECONDS, httponly=True,
        secure=settings.SESSION_COOKIE_SECURE, samesite="Lax",
    )  # fmt: skip


class WaysBackMiddleware:
    """Leads from an address that shows no page to the page above it, and fills a form in again that could not be taken."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if answer.status_code == 405 and get_language_from_path(request.path_info):
            if request.method in ("GET", "HEAD"):
                return redirect(_page_above(request.path))
            page = render(request, "405.html", status=405)
            page["Allow"] = answer["Allow"]
            return page
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            _remember(request, answer)
            if request.method == "GET" and answer.status_code == 200:
                _fill_in(request, answer)
        return answer


def _page_above(path: str) -> str:
    while True:
        path = f"{path.rstrip('/').rpartition('/')[0]}/"
        try:
            resolve(path)
        except Resolver404:
            continue
        return path


def _fill_in(request: HttpRequest, answer: HttpResponse) -> None:
    unsent = _unsent(request)
    if unsent is None:
        return
    if answer.streaming or not answer.get("Content-Type", "").startswith("text/html"):
        return
    page = lxml.html.document_fromstring(answer.content.decode())
    form = next((one for one in page.iter("form") if _is_same(one, unsent, request.path)), None)
    if form is None:
        return
    _write(page, form, _typed(request, unsent))
    note = lxml.html.fragment_fromstring('<div class="panel" role="status"><p></p></div>')
    note[0].text = gettext(
        "What you had typed is still here. It was not sent: look through it, then send it once more."
    )
    if any(one.get("type") == "file" for one in _controls(page, form)):
        note[0].text += " " + gettext("Choose the files again.")
    next(page.iter("main"))[0].insert(0, note)
    answer.content = lxml.html.tostring(page, encoding="utf-8", doctype="<!doctype html>")


def _is_same(form: Any, unsent: dict[str, Any], path: str) -> bool:
    action = urlsplit(urljoin(path, form.get("action") or path)).path
    return action == unsent["action"] and (form.get("method") or "").lower() == "post"


def _write(page: Any, form: Any, typed: dict[str, list[str]]) -> None:
    left = {name: list(texts) for name, texts in typed.items()}
    for control in _controls(page, form):
        name, kind = control.get("name", ""), control.get("type", "text")
        if kind in ("checkbox", "radio"):
            _set(control, "checked", control.get("value", "on") in typed.get(name, ()))
        elif control.tag == "select" and name in typed:
            for option in control.iter("option"):
                _set(option, "selected", option.get("value", option.text_content()) in typed[name])
        elif control.tag in ("input", "textarea") and kind not in UNWRITTEN and left.get(name):
            text = left[name].pop(0)
            if control.tag == "textarea":
                control.text = f"\n{text}"  # a browser leaves out a first line break
            else:
                control.set("value", text)
        for folded in control.iterancestors("details"):
            folded.set("open", "open")


def _controls(page: Any, form: Any) -> Iterator[Any]:
    yield from form.iter("input", "textarea", "select")
    if form.get("id"):
        yield from (one for one in page.iter("input", "textarea", "select") if one.get("form") == form.get("id"))


def _set(element: Any, attribute: str, is_on: bool) -> None:
    element.attrib.pop(attribute, None)
    if is_on:
        element.set(attribute, attribute)
