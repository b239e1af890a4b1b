from django.apps import AppConfig


class PerformanceConfig(AppConfig):
    name = "huduma.contexts.performance"
    label = "performance"
    verbose_name = "Promises measured: what people really got"

    def ready(self) -> None:
        from huduma.contexts.performance import tasks  # noqa: F401 -- jobs are known when imported
