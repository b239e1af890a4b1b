from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "huduma.contexts.exchange"
    label = "exchange"
    verbose_name = "Connectors to registers"

    def ready(self) -> None:
        from django.conf import settings

        from huduma.contexts.exchange.providers.base import connectors
        from huduma.contexts.exchange.providers.birth_notifications import BirthNotifications
        from huduma.contexts.exchange.providers.iprs import Iprs

        connectors.register("iprs", Iprs(settings.IPRS_WSDL_URL, settings.IPRS_USER, settings.IPRS_PASSWORD))
        connectors.register("crs-notifications", BirthNotifications(settings.CRS_URL))
