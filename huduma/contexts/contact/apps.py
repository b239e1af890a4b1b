from django.apps import AppConfig


class ContactConfig(AppConfig):
    name = "huduma.contexts.contact"
    label = "contact"
    verbose_name = "What customers bring: questions, complaints, disputes, and who answers by when"

    def ready(self) -> None:
        from huduma.contexts.contact import handlers, tasks  # noqa: F401 -- they subscribe when imported
