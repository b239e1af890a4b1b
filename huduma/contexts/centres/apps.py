from django.apps import AppConfig


class CentresConfig(AppConfig):
    name = "huduma.contexts.centres"
    label = "centres"
    verbose_name = "Huduma Centres"
