from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "huduma.channels.desk"
    label = "desk"
