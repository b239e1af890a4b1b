from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "huduma.contexts.crm"
    label = "crm"
    verbose_name = "The programs by which public bodies work on their customers' matters"

    def ready(self) -> None:
        from huduma.contexts.crm import handlers, tasks  # noqa: F401 -- they subscribe when imported
