from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    name = "huduma.contexts.credentials"
    label = "credentials"
    verbose_name = "Signed documents, verification, revocation"
