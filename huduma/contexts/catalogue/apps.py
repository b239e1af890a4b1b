from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "huduma.contexts.catalogue"
    label = "catalogue"
    verbose_name = "Services, charters, versions"
