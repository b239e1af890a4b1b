from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "huduma.contexts.settlement"
    label = "settlement"
    verbose_name = "Statements, matching, handing over to bodies"

    def ready(self) -> None:
        from huduma.contexts.settlement import tasks  # noqa: F401 -- jobs are known when imported
