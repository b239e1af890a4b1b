from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "huduma.foundation.ui"
    label = "ui"
