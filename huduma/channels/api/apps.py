from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "huduma.channels.api"
    label = "api"
