from django.apps import AppConfig


class HooksConfig(AppConfig):
    name = "huduma.channels.hooks"
    label = "hooks"
