"""Reading bills, by who may see them."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, Sum
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.contexts.payments.models import BASKET, Bill, ExchangeRate, Payment, Waiver
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound

#: Who works on the bills of a body, and who reads those of all.
BODY_ROLES = ("officer", "supervisor", "accounting_officer")
MINDERS = ("accountant", "auditor")
#: For how long a rate stands in where no newer one is known: over weekends and holidays none is published.
RATE_PREVAILS = timedelta(days=7)


def get_bill_for(actor: Actor, bill_id: UUID) -> Bill:
    """Return a bill to its payer, to officers of a body on it, or to the system. Raises NotFound."""
    bill = Bill.objects.filter(id=bill_id).first()
    if bill is None or not may_see(actor, bill):
        raise NotFound
    return bill


def find_bill(typed: str) -> Bill:
    """Return the bill that a reference names: whoever holds the reference may pay it. Raises NotFound.

    Callers show what is needed to pay and nothing of whose bill it is.
    """
    reference = references.normalise(typed)
    bill = Bill.objects.filter(reference=reference).first() if reference else None
    if bill is None:
        raise NotFound
    return bill


def bills_named(typed: Collection[str]) -> dict[str, Bill]:
    """Return the bills that references name, by the reference as it was typed; the caller has checked who may."""
    wanted = {one: references.normalise(one) for one in typed}
    found = {one.reference: one for one in Bill.objects.filter(reference__in=[one for one in wanted.values() if one])}
    return {one: found[reference] for one, reference in wanted.items() if reference in found}


def may_see(actor: Actor, bill: Bill) -> bool:
    """Whether a bill is the actor's own, an assisted person's or one's organisation's, or names the actor's body, or the system asks."""
    if actor.kind == "system" or bill.payer_person_id in {actor.person_id, actor.on_behalf_of} - {None}:
        return True
    organisation = bill.payer_organisation_id
    if organisation and identity.may_act_for(actor.person_id, organisation, on=timezone.localdate()):
        return True
    return any(actor.has_role("officer", "supervisor", body=line["body_code"]) for line in bill.lines if actor.is_staff)


def paid_for(payable_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return what was paid for things, in cents; for figures."""
    paid = Bill.objects.filter(payable_id__in=list(payable_ids), state="settled").values_list("payable_id")
    return dict(paid.annotate(Sum("total_cents")))


def dollar_bills_settled(since: datetime, until: datetime) -> list[Bill]:
    """Return the bills in dollars that were settled in a span of time, baskets left out; for the platform's own papers."""
    settled = Bill.objects.exclude(currency="KES").filter(settled_at__gte=since, settled_at__lt=until)
    settled = settled.exclude(purpose=BASKET)
    return list(settled.order_by("settled_at"))


def bills_for_payable(payable_id: UUID) -> list[Bill]:
    """Return the bills of a thing whose reader has been checked by the caller."""
    return list(Bill.objects.filter(payable_id=payable_id).order_by("raised_at"))


def bills_for_payables(payable_ids: Collection[UUID], *, payer_person_id: UUID | None = None) -> list[Bill]:
    """Return the bills of several things at once, with the latest others of a person where one is given; see `bills_for_payable`."""
    found = list(Bill.objects.filter(payable_id__in=payable_ids))
    if payer_person_id is not None:
        others = Bill.objects.filter(payer_person_id=payer_person_id).exclude(payable_id__in=payable_ids)
        found += others.order_by("-id")[:100]
    return sorted(found, key=lambda bill: bill.raised_at)


def bills_for(actor: Actor, limit: int = 50) -> list[Bill]:
    """Return the bills of the actor and of the organisation they act for: the open ones, then the newest of the others.

    Baskets are not among them.
    """
    own = Q()
    if actor.applicant_id is not None:
        own |= Q(payer_person_id=actor.applicant_id)
    if actor.organisation_id is not None:
        organisation = actor.organisation_id
        if identity.may_act_for(actor.person_id, organisation, on=timezone.localdate()):
            own |= Q(payer_organisation_id=organisation)
    if not own:
        return []
    mine = Bill.objects.filter(own).exclude(purpose=BASKET)
    shown = list(mine.filter(state="open").select_related("basket").order_by("-id")[:limit])
    return shown + list(mine.exclude(state="open").order_by("-id")[: limit - len(shown)])


def bill_for_body(actor: Actor, typed: str) -> Bill:
    """Return the bill that a reference names to the staff of a body on it, or to those who mind money. Raises NotFound."""
    bill = find_bill(typed)
    bodies = {line["body_code"] for line in bill.lines} - {""}
    minds = any(grant.role in MINDERS and grant.body_code is None for grant in actor.grants)
    if not minds and not any(actor.has_role(*BODY_ROLES, *MINDERS, body=body) for body in bodies):
        raise NotFound
    return bill


def waivers_of(bill: Bill) -> list[Waiver]:
    """Return what was asked and decided about letting a payer off, for a reader who has been checked."""
    return list(bill.waivers.order_by("id"))


def payments_of(bill: Bill) -> list[Payment]:
    """Return the payments that were made or asked for of a bill, with its basket's, for a reader who has been checked."""
    return list(Payment.objects.filter(Q(bill=bill) | Q(bill__members=bill)).order_by("id"))


def waivers_for(actor: Actor, *, waiting: bool) -> list[Waiver]:
    """Return the waivers that wait, oldest first, or that were decided, newest first, of the actor's bodies; of all for auditors."""
    found = Waiver.objects.filter(state="proposed") if waiting else Waiver.objects.exclude(state="proposed")
    if not any(grant.role in MINDERS and grant.body_code is None for grant in actor.grants):
        actor.require_role(*BODY_ROLES, *MINDERS)
        found = found.filter(body_code__in=actor.body_codes)
    if waiting:
        found = found.filter(bill__state="open")
    return list(found.select_related("bill").order_by("id" if waiting else "-id")[:50])


def rate_on(currency: str, day: date) -> ExchangeRate | None:
    """Return the rate that prevails on a day: that day's, or over a weekend and holidays that of the last day which has one.

    None where nobody entered one for a week.
    """
    known = ExchangeRate.objects.filter(currency=currency, state="approved", day__lte=day, day__gt=day - RATE_PREVAILS)
    return known.order_by("-day").first()


def rates_for(actor: Actor) -> list[ExchangeRate]:
    """Return the newest exchange rates, to those who mind money. Raises NotPermitted."""
    actor.require_everywhere(*MINDERS)
    return list(ExchangeRate.objects.order_by("-day", "-id")[:30])
