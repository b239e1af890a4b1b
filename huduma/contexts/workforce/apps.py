from django.apps import AppConfig


class WorkforceConfig(AppConfig):
    name = "huduma.contexts.workforce"
    label = "workforce"
    verbose_name = "Staff: where they are posted, what they can do, when they are there"
