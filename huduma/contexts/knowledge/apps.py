from django.apps import AppConfig


class KnowledgeConfig(AppConfig):
    name = "huduma.contexts.knowledge"
    label = "knowledge"
    verbose_name = "Articles that answer questions, with the figures of the charters in force"

    def ready(self) -> None:
        from huduma.contexts.knowledge import handlers  # noqa: F401 -- it subscribes when imported
