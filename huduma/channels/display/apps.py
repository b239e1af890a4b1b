from django.apps import AppConfig


class DisplayConfig(AppConfig):
    name = "huduma.channels.display"
    label = "display"
