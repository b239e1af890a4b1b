from django.apps import AppConfig


class ClocksConfig(AppConfig):
    name = "huduma.contexts.clocks"
    label = "clocks"
    verbose_name = "Promises, limits and statutory times of cases"

    def ready(self) -> None:
        from huduma.contexts.catalogue import public as catalogue
        from huduma.contexts.clocks import handlers, operations, tasks  # noqa: F401 -- handlers subscribe when imported
        from huduma.contexts.clocks.queries import check
        from huduma.contexts.process import public as process

        catalogue.register_check(check)
        process.register_follower(operations.follow_case)
