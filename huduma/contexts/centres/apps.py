from django.apps import AppConfig
from django.utils.translation import gettext_noop


class CentresConfig(AppConfig):
    name = "huduma.contexts.centres"
    label = "centres"
    verbose_name = "Huduma Centres"

    def ready(self) -> None:
        from huduma.contexts.centres import handlers  # noqa: F401 -- handlers subscribe when imported
        from huduma.contexts.centres.models import Appointment, Collectable, Ticket, Waiter
        from huduma.contexts.identity import public as identity

        identity.register_belonging(Appointment, "person_id", gettext_noop("Appointment"))
        identity.register_belonging(Ticket, "person_id", gettext_noop("Visit to a centre"))
        identity.register_belonging(Collectable, "person_id", gettext_noop("Document to collect"))
        identity.register_belonging(Waiter, "person_id", gettext_noop("Place in a waiting list"))
