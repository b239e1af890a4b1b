from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "huduma.channels.portal"
    label = "portal"
