"""The citizen's own page: who they are, and who looked at their data."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from huduma.channels.portal.identity.sign_in import to_sign_in
from huduma.contexts.contact import public as matters
from huduma.contexts.identity import public as identity
from huduma.foundation.journal import public as journal
from huduma.foundation.ui.requests import actor_of

LOOKS = (
    "identity.person.viewed", "identity.person.assisted", "identity.person.card_checked", "identity.person.phone_replaced",
    "identity.person.new_number_asked", "identity.person.new_number_refused",
    "exchange.register.asked", "contact.customer.viewed", "contact.matter.viewed",
    "inbox.conversation.viewed", "inbox.recording.heard",
    "identity.person.merged", "identity.person.parted",
    "contact.case_access.granted", "credentials.credential.read", "centres.collectable.viewed",
)  # fmt: skip


#: What happened, in words, by the act; why, by the purpose that a reader gave.
LOOKED = {
    "exchange.register.asked": gettext_lazy("A government register was asked about you, at your own request"),
    "identity.person.assisted": gettext_lazy("An officer served you at a counter"),
    "identity.person.card_checked": gettext_lazy("An officer had your ID card checked at a counter"),
    "identity.person.phone_replaced": gettext_lazy(
        "An officer moved your account to another phone number at a counter"
    ),
    "identity.person.new_number_asked": gettext_lazy(
        "An officer asked at a counter to move your account to another phone number"
    ),
    "identity.person.new_number_refused": gettext_lazy("Moving your account to another phone number was refused"),
    "identity.person.merged": gettext_lazy("Two records with your details were joined into one"),
    "identity.person.parted": gettext_lazy("Two records that had been joined were parted again"),
    "identity.person.viewed": gettext_lazy("An officer opened your record"),
    "contact.customer.viewed": gettext_lazy("A member of staff opened the page of what you asked for"),
    "contact.matter.viewed": gettext_lazy("A member of staff read what you wrote to us"),
    "inbox.conversation.viewed": gettext_lazy("A member of staff read your messages with us"),
    "inbox.recording.heard": gettext_lazy("A member of staff heard the recording of a call with you"),
    "credentials.credential.read": gettext_lazy("A document of yours was opened"),
    "centres.collectable.viewed": gettext_lazy(
        "A member of staff looked up a document of yours that waits at a centre"
    ),
    "contact.case_access.granted": gettext_lazy(
        "A member of staff got leave to see an application of yours, for a time"
    ),
}


PURPOSES = {
    "casework": gettext_lazy("to decide your application"),
    "assisted": gettext_lazy("to serve you in person"),
    "collection": gettext_lazy("to hand a document over"),
    "records": gettext_lazy("to find out whether two records are one person’s"),
    **{code: gettext_lazy(words) for code, words in matters.PURPOSES.items()},
}


@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """The citizen's own page: who they are, and who looked at their data."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    own = identity.get_account_for(actor)
    known_as = identity.records_of(actor.person_id) if actor.person_id else []
    entries = [entry for one in known_as for entry in journal.entries_concerning(one, acts=LOOKS, limit=50)]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    looks = [
        (entry.at, LOOKED[entry.act], PURPOSES.get(entry.purpose, ""), entry.roles)
        for entry in entries
        if entry.actor_person_id != actor.person_id or entry.act == "exchange.register.asked"
    ]
    return render(request, "portal/identity/account.html", {"account": own, "person": own.person, "looks": looks})


urlpatterns = [
    path("account/", account, name="account"),
]
