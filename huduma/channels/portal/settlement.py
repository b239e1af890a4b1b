"""The payer's copy of the tax invoices and credit notes of a bill, to keep or to print."""

from uuid import UUID

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache

from huduma.channels.portal.identity import to_sign_in
from huduma.contexts.payments import public as payments
from huduma.contexts.places import public as places
from huduma.contexts.settlement import public as settlement
from huduma.foundation.access import NotFound
from huduma.foundation.ui.requests import actor_of


@never_cache
def tax_invoices(request: HttpRequest, bill_id: UUID) -> HttpResponse:
    """Each invoice and credit note, with what KRA signed and the QR code under which anybody checks it there."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    copies = settlement.tax_copies_for(actor, bill_id)
    if not copies:
        raise NotFound
    names = {one.code: one.name for one in places.list_bodies()}
    context = {
        "bill": payments.get_bill_for(actor, bill_id),
        "copies": [(one, names.get(one.invoice.taxpayer.body_code, {}), _code(one.address)) for one in copies],
    }
    return render(request, "portal/settlement/tax_invoices.html", context)


def _code(address: str) -> str:
    return segno.make(address, error="m").svg_data_uri(scale=4) if address else ""


urlpatterns = [path("bills/<uuid:bill_id>/tax-invoices/", tax_invoices, name="tax_invoices")]
