from django.apps import AppConfig


class PlanningConfig(AppConfig):
    name = "huduma.contexts.planning"
    label = "planning"
    verbose_name = "Planning of centres"
