"""One view of the customer: found by number, reference or name, opened for a purpose, with everything in one timeline."""

from collections.abc import Mapping
from datetime import date, datetime, time
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache

from huduma.channels.desk.records import VERIFIED
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.contact import public as contact
from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import public as inbox
from huduma.foundation import money
from huduma.foundation.references import normalise
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of

GROUPS = {
    "applications": gettext_lazy("Applications"),
    "payments": gettext_lazy("Payments"),
    "visits": gettext_lazy("Visits to centres"),
    "documents": gettext_lazy("Documents"),
    "matters": gettext_lazy("Questions and complaints"),
    "messages": gettext_lazy("Messages from us"),
    "identity": gettext_lazy("Account and identity"),
    "conversations": gettext_lazy("Conversations"),
}
WORDS = {
    "applications.application.submitted": gettext_lazy("Sent an application"),
    "applications.application.corrected": gettext_lazy("Sent a correction"),
    "payments.bill.raised": gettext_lazy("Was billed"),
    "payments.bill.settled": gettext_lazy("Paid"),
    "payments.payment.failed": gettext_lazy("A payment did not go through"),
    "payments.payment.suspended": gettext_lazy("A payment did not fit its bill"),
    "payments.refund.succeeded": gettext_lazy("Got money back"),
    "centres.appointment.booked": gettext_lazy("Booked an appointment"),
    "centres.appointment.moved": gettext_lazy("Moved an appointment"),
    "centres.appointment.cancelled": gettext_lazy("Cancelled an appointment"),
    "centres.appointment.attended": gettext_lazy("Came to an appointment"),
    "centres.appointment.missed": gettext_lazy("Did not come to an appointment"),
    "centres.ticket.taken": gettext_lazy("Took a ticket at a centre"),
    "centres.ticket.ended": gettext_lazy("A visit to a centre ended"),
    "centres.collectable.received": gettext_lazy("A document came to a centre to be collected"),
    "centres.collectable.collected": gettext_lazy("Collected a document"),
    "credentials.credential.issued": gettext_lazy("Got a document"),
    "credentials.credential.revoked": gettext_lazy("A document was declared void"),
    "contact.matter.opened": gettext_lazy("Wrote to us"),
    "contact.matter.escalated": gettext_lazy("A matter went to the next level"),
    "contact.matter.answered": gettext_lazy("A matter was answered"),
    "contact.matter.reopened": gettext_lazy("Did not accept an answer"),
    "contact.matter.closed": gettext_lazy("A matter was settled"),
    "contact.matter.taken_outside": gettext_lazy("Took a matter to an authority outside"),
    "contact.matter.overdue": gettext_lazy("We were late with a matter"),
    "contact.remark.added": gettext_lazy("Something was said about a matter"),
    "messages.message.ordered": gettext_lazy("We sent a message"),
    "messages.message.failed": gettext_lazy("A message of ours did not arrive"),
    "identity.account.opened": gettext_lazy("Signed in for the first time"),
    "identity.person.proven": gettext_lazy("Showed who they are"),
    "identity.person.assisted": gettext_lazy("Was served at a counter"),
    "identity.account.contact_changed": gettext_lazy("Changed how we reach them"),
    "identity.person.merged": gettext_lazy("Two records were joined"),
    "identity.person.parted": gettext_lazy("Two joined records were parted again"),
    "inbox.conversation.opened": gettext_lazy("Began to talk to us"),
    "inbox.conversation.closed": gettext_lazy("A conversation ended"),
    "inbox.message.received": gettext_lazy("Wrote or called"),
    "inbox.message.answered": gettext_lazy("We answered"),
    "inbox.call.placed": gettext_lazy("We called"),
    "inbox.call.ended": gettext_lazy("A telephone call ended"),
    "inbox.callback.promised": gettext_lazy("Was promised a call"),
}
STATUSES = {
    "submitted": gettext_lazy("Application sent"),
    "waiting_payment": gettext_lazy("Application waits for payment"),
    "in_review": gettext_lazy("Application being checked"),
    "waiting_correction": gettext_lazy("Application waits for a correction"),
    "waiting_visit": gettext_lazy("Application waits for a visit"),
    "issuing": gettext_lazy("Application approved"),
    "issued": gettext_lazy("Document ready"),
    "rejected": gettext_lazy("Application not approved"),
    "withdrawn": gettext_lazy("Application withdrawn"),
}
#: How sure it is that a number or address is theirs.
PROOFS = {
    "signs-in": gettext_lazy("signs in with it"),
    "confirmed": gettext_lazy("confirmed by a code"),
    "typed": gettext_lazy("typed by them, not confirmed"),
    "written-down": gettext_lazy("written down by an officer, not confirmed"),
}
#: What somebody is for whom the customer may act, and what the customer is to somebody who may act for them.
ACTS_FOR = {
    "child": gettext_lazy("Their child"),
    "parent": gettext_lazy("Their mother or father"),
    "client": gettext_lazy("Their client"),
    "other": gettext_lazy("Somebody they know"),
}
ACTED_FOR_BY = {
    "child": gettext_lazy("Their mother or father"),
    "parent": gettext_lazy("Their son or daughter"),
    "client": gettext_lazy("Acts for them as their work"),
    "other": gettext_lazy("Somebody they know"),
}
POWERS = {
    "owner": gettext_lazy("Owner"),
    "director": gettext_lazy("Director"),
    "agent": gettext_lazy("Agent"),
}
CONSENTS = {
    "by-word": gettext_lazy("They said so"),
    "by-mark": gettext_lazy("They signed or gave a thumbprint"),
    "guardian": gettext_lazy("A guardian said so"),
}
CHANNELS = {
    "portal": gettext_lazy("on the web"),
    "desk": gettext_lazy("at a desk"),
    "system": gettext_lazy("by the system"),
    "phone": gettext_lazy("by telephone"),
    "sms": gettext_lazy("by SMS"),
    "email": gettext_lazy("by e-mail"),
    "whatsapp": gettext_lazy("by WhatsApp"),
    "messenger": gettext_lazy("by Facebook Messenger"),
    "x": gettext_lazy("by X"),
    "web": gettext_lazy("on the web"),
}


@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """Find a customer by phone, ID number, reference or (contact centre) name. A call that comes in opens this with its number."""
    typed = request.GET.get("q", request.GET.get("phone", "")).strip()
    actor = actor_of(request)
    found = contact.find_customers_for(actor, typed) if typed else []
    context = {
        "typed": typed,
        "found": found,
        "purposes": contact.PURPOSES,
        "call": "phone" in request.GET,
        "twice": len(found) > 1 and actor.has_role("agent", *identity.JOINERS),
    }
    return render(request, "desk/customers/find.html", context)


@never_cache
def customer(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """The customer's page: who, what they asked for, and what happened, for the purpose that the reader named."""
    why, group, now = request.GET.get("why", ""), request.GET.get("group", ""), timezone.now()
    typed, since = request.GET.get("q", "").strip(), _day(request.GET.get("since", ""))
    shown = contact.get_customer_for(actor_of(request), person_id, why=why, now=now)
    before = request.GET.get("before", "")
    services = (
        {one.code: one.name for one in catalogue.list_services()} if shown.applications or shown.household else {}
    )
    at_peace = inbox.list_at_peace([way.address for way in shown.ways]) if "consents" in shown.fields else set()
    references: dict[UUID, str | None] = {one.id: one.reference for one in shown.applications}
    references |= {one.id: one.reference for one in shown.matters} | {one.id: one.reference for one in shown.bills}
    meant = (
        next((one for one, reference in references.items() if reference == normalise(typed)), None) if typed else None
    )
    happenings, after = contact.happenings_of(
        shown, group=group, before=int(before) if before.isdecimal() and len(before) < 19 else None,
        only=_acts(typed) if typed and meant is None else None, about=meant, since=since,
    )  # fmt: skip
    context = {
        "customer": shown,
        "why": why,
        "group": group,
        "writes_down": actor_of(request).has_role("agent"),
        "typed": typed,
        "since": since,
        "query": urlencode({"why": why, "q": typed, "since": since.date().isoformat() if since else ""}),
        "groups": [(name, GROUPS[name]) for name in shown.groups],
        "ways": [(way, PROOFS[way.proof], way.address in at_peace) for way in shown.ways],
        "acts_for": [_tie(tie, ACTS_FOR, services) for tie in shown.household if tie.acts],
        "acted_for_by": [_tie(tie, ACTED_FOR_BY, services) for tie in shown.household if not tie.acts],
        "verified": VERIFIED[shown.verified_by],
        "powers": [(one, POWERS[one.power]) for one in shown.powers],
        "consent": CONSENTS[shown.consent.how] if shown.consent else "",
        "applications": [
            (one, services.get(one.service_code, {"en": one.service_code}), STATUSES.get(one.status, one.status))
            for one in shown.applications
        ],
        "turns": [
            (one.entry.at, _words(one), CHANNELS.get(one.entry.channel, one.entry.channel), _reference(one, references))
            for one in happenings
        ],
        "after": after,
        "purposes": [(code, words) for code, words in inbox.CALL_PURPOSES.items() if code != "callback"]
        if actor_of(request).has_role("agent") else [],
        "talk": _uuid(request.GET.get("talk", "")),
        "paged": bool(before),
    }  # fmt: skip
    return render(request, "desk/customers/customer.html", context)


def _tie(
    tie: identity.Tie, words: Mapping[str, Promise], services: Mapping[str, dict[str, str]]
) -> tuple[identity.Tie, Promise, list[dict[str, str]]]:
    return tie, words[tie.relation], [services.get(code, {"en": code}) for code in tie.services]


def _acts(typed: str) -> list[str]:
    """Return the acts whose words have what was typed in them, in the reader's language; a status belongs to one act."""
    found = [act for act, words in WORDS.items() if typed.casefold() in str(words).casefold()]
    statuses = any(typed.casefold() in str(words).casefold() for words in STATUSES.values())
    return [*found, "applications.status.changed"] if statuses else found


def _day(text: str) -> datetime | None:
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(text), time()))
    except ValueError:
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _words(happening: contact.Happening) -> str:
    entry = happening.entry
    if entry.act == "applications.status.changed":
        return str(STATUSES.get(entry.facts["status"], entry.facts["status"]))
    words = str(WORDS[entry.act])
    if "amount_cents" in entry.facts:
        return f"{words}: {money.format_cents(entry.facts['amount_cents'])}"
    if entry.act == "contact.matter.opened":
        return f"{words}: {pick(contact.KINDS[entry.facts['kind']].name)}"
    if entry.act == "messages.message.ordered":
        return f"{words}: {gettext('SMS') if entry.facts['medium'] == 'sms' else gettext('E-mail')}"
    return words


def _reference(happening: contact.Happening, known: dict[UUID, str | None]) -> str:
    subject = happening.entry.subject_id
    return (known.get(subject) if subject else None) or happening.entry.facts.get("reference", "") or ""


urlpatterns = [
    path("customers/", find, name="customers"),
    path("customers/<uuid:person_id>/", customer, name="customer"),
]
