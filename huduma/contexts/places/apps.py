from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "huduma.contexts.places"
    label = "places"
    verbose_name = "Counties, constituencies and public bodies"
