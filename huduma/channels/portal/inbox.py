"""Writing to us without an account: a conversation on a page of its own, which only its link opens."""

from django.conf import settings
from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache

from huduma.contexts.inbox import public as inbox
from huduma.foundation import ids, links, mail
from huduma.foundation import phone as phones
from huduma.foundation.access import Refusal
from huduma.foundation.ui.requests import actor_of

#: What signs the number of a form, by which the same form sent twice is known.
FORM = "inbox.form"


@never_cache
def write(request: HttpRequest) -> HttpResponse:
    """Begin a conversation; a number or an address is asked for, so that the answer can be told of, but not needed."""
    typed = {name: request.POST.get(name, "").strip() for name in ("text", "name", "phone", "email")}
    errors: dict[str, str] = {}
    form = links.thing_of(FORM, request.POST.get("form", "")) or ids.uuid7()
    if request.method == "POST" and "switch_language" not in request.POST:
        try:
            begun = inbox.write_from_web(
                actor=actor_of(request), text=typed["text"], name=typed["name"], phone=typed["phone"], email=typed["email"],
                language=get_language() or "en", form=form, now=timezone.now(),
            )  # fmt: skip
        except phones.InvalidPhone:
            errors["phone"] = gettext("Type a phone number like 0712 345 678.")
        except mail.InvalidAddress:
            errors["email"] = gettext("Write an e-mail address like name@example.com.")
        except Refusal as refusal:
            errors["text"] = refusal.message
        else:
            return redirect("portal:chat", token=inbox.chat_token(begun))
    context = {
        "typed": typed,
        "errors": errors,
        "form": links.token(FORM, form),
        "known": actor_of(request).applicant_id is not None,
        "short_code": settings.SMS_SHORT_CODE,
    }
    return render(request, "portal/inbox/write.html", context, status=422 if errors else 200)


@never_cache
def chat(request: HttpRequest, token: str) -> HttpResponse:
    """What was said so far, and saying more. The page renews itself; who has the link reads it."""
    found, errors, text = inbox.get_chat(token), {}, request.POST.get("text", "")
    if request.method == "POST":
        try:
            inbox.write_from_web(
                actor=actor_of(request), text=text, language=found.language, conversation=found, now=timezone.now()
            )
        except Refusal as refusal:
            errors["text"] = refusal.message
        else:
            notes.success(request, gettext("Your words were added."))
            return redirect("portal:chat", token=token)
    context = {
        "conversation": found, "said": inbox.said_in(found, notes=False), "errors": errors, "typed": text if errors else "",
    }  # fmt: skip
    return render(request, "portal/inbox/chat.html", context, status=422 if errors else 200)


urlpatterns = [
    path("chat/", write, name="write"),
    path("chat/<str:token>/", chat, name="chat"),
]
