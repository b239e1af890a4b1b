from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "huduma.contexts.identity"
    label = "identity"
    verbose_name = "People, organisations, mandates, sign-in, roles"
