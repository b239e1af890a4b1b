from django.apps import AppConfig


class HearingConfig(AppConfig):
    name = "huduma.contexts.hearing"
    label = "hearing"
    verbose_name = "What people say of how they were served"

    def ready(self) -> None:
        from huduma.contexts.hearing import handlers, operations, tasks  # noqa: F401 -- they subscribe when imported
        from huduma.contexts.inbox import public as inbox

        inbox.register_listener("hearing", operations.hear_sms)
