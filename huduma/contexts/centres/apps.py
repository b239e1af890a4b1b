from django.apps import AppConfig


class CentresConfig(AppConfig):
    name = "huduma.contexts.centres"
    label = "centres"
    verbose_name = "Huduma Centres"

    def ready(self) -> None:
        from huduma.contexts.centres import handlers  # noqa: F401 -- handlers subscribe when imported
