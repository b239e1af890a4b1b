from django.apps import AppConfig


class ProcessConfig(AppConfig):
    name = "huduma.contexts.process"
    label = "process"
    verbose_name = "Processes, tasks and decisions"

    def ready(self) -> None:
        from huduma.contexts.catalogue import public as catalogue
        from huduma.contexts.process import handlers  # noqa: F401 -- handlers subscribe when imported
        from huduma.contexts.process.operations import assign_team
        from huduma.contexts.process.providers import packages
        from huduma.contexts.process.public import check, register_action

        catalogue.register_check(lambda parts: check(parts["process_bpmn"], parts.get("rules_dmn", "")))
        catalogue.register_check(packages.check)
        team = {"properties": {"team": {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"}}, "required": ["team"]}
        register_action("assign-team", assign_team, schema=team)
