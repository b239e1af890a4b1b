from django.apps import AppConfig


class OutreachConfig(AppConfig):
    name = "huduma.contexts.outreach"
    label = "outreach"
    verbose_name = "Outreach visits and the tablets that work there without a network"

    def ready(self) -> None:
        from huduma.contexts.identity import public as identity
        from huduma.contexts.outreach.models import Record

        identity.register_belonging(Record, "person_id")
