from django.apps import AppConfig


class ReengineeringConfig(AppConfig):
    name = "huduma.contexts.reengineering"
    label = "reengineering"
    verbose_name = "Processes measured, compared, simulated; innovations told"

    def ready(self) -> None:
        from huduma.contexts.reengineering import tasks  # noqa: F401 -- jobs are known when imported
