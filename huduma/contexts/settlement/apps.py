from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "huduma.contexts.settlement"
    label = "settlement"
    verbose_name = "Statements, matching, handing over to bodies"

    def ready(self) -> None:
        from huduma.contexts.settlement import handlers, tasks  # noqa: F401 -- they subscribe, and jobs are known, when imported
