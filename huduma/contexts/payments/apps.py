from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "huduma.contexts.payments"
    label = "payments"
    verbose_name = "Bills, gateways, ledger"

    def ready(self) -> None:
        from django.conf import settings

        from huduma.contexts.payments import handlers  # noqa: F401 -- handlers subscribe when imported
        from huduma.contexts.payments.operations import shared_token
        from huduma.contexts.payments.providers.base import gateways
        from huduma.contexts.payments.providers.daraja import Daraja

        gateways.register(
            "mpesa",
            Daraja(
                base_url=settings.DARAJA_BASE_URL,
                consumer_key=settings.DARAJA_CONSUMER_KEY,
                consumer_secret=settings.DARAJA_CONSUMER_SECRET,
                shortcode=settings.DARAJA_SHORTCODE,
                passkey=settings.DARAJA_PASSKEY,
                shared_token=shared_token,
            ),
        )
