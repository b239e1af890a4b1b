from django.apps import AppConfig


class ProcessConfig(AppConfig):
    name = "huduma.contexts.process"
    label = "process"
    verbose_name = "Processes, tasks and decisions"
