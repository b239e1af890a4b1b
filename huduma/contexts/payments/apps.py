from django.apps import AppConfig
from django.utils.translation import gettext_noop


class PaymentsConfig(AppConfig):
    name = "huduma.contexts.payments"
    label = "payments"
    verbose_name = "Bills, gateways, ledger"

    def ready(self) -> None:
        from django.conf import settings

        from huduma.contexts.payments import handlers  # noqa: F401 -- handlers subscribe when imported
        from huduma.contexts.payments.operations import convenience_schedule, shared_token
        from huduma.contexts.payments.providers.airtel import Airtel
        from huduma.contexts.payments.providers.bank import Buni, Jenga
        from huduma.contexts.payments.providers.base import gateways
        from huduma.contexts.payments.providers.card import Card
        from huduma.contexts.payments.providers.cash import Cash
        from huduma.contexts.payments.providers.daraja import Daraja, Line
        from huduma.contexts.payments.providers.pesaflow import Pesaflow

        convenience_schedule(settings.CONVENIENCE_FEES)  # a file with a mistake stops the start, not a payment

        # The order is the payer's: what most people use stands first.
        gateways.register("mpesa", Daraja(Line(**settings.DARAJA, shared_token=shared_token)))
        if settings.PESAFLOW["key"]:
            gateways.register("ecitizen", Pesaflow(**settings.PESAFLOW))
        if settings.AIRTEL["client_secret"]:
            gateways.register("airtel", Airtel(**settings.AIRTEL, shared_token=shared_token))
        if settings.CARD["secret_key"]:
            gateways.register("card", Card(**settings.CARD))
        if settings.KCB_PUBLIC_KEYS:
            gateways.register("kcb", Buni(public_keys=settings.KCB_PUBLIC_KEYS, account=settings.KCB_ACCOUNT))
        if settings.EQUITY["password"]:
            gateways.register("equity", Jenga(**settings.EQUITY))
        gateways.register("cash", Cash())

        from huduma.contexts.identity import public as identity
        from huduma.contexts.payments.models import Bill

        identity.register_belonging(Bill, "payer_person_id", gettext_noop("Bill"))
