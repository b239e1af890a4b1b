from django.apps import AppConfig


class ProcessConfig(AppConfig):
    name = "huduma.contexts.process"
    label = "process"
    verbose_name = "Processes, tasks and decisions"

    def ready(self) -> None:
        from huduma.contexts.catalogue import public as catalogue
        from huduma.contexts.process.public import check

        catalogue.register_check(lambda parts: check(parts["process_bpmn"], parts.get("rules_dmn", "")))
