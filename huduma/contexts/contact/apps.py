from django.apps import AppConfig
from django.utils.translation import gettext_noop


class ContactConfig(AppConfig):
    name = "huduma.contexts.contact"
    label = "contact"
    verbose_name = "What customers bring: questions, complaints, disputes, and who answers by when"

    def ready(self) -> None:
        from huduma.contexts.contact import handlers, tasks  # noqa: F401 -- they subscribe when imported
        from huduma.contexts.contact.models import Matter
        from huduma.contexts.identity import public as identity

        identity.register_belonging(Matter, "person_id", gettext_noop("Question or complaint"))
