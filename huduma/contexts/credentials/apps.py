from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    name = "huduma.contexts.credentials"
    label = "credentials"
    verbose_name = "Signed documents, verification, revocation"

    def ready(self) -> None:
        from huduma.contexts.catalogue import public as catalogue
        from huduma.contexts.credentials import handlers  # noqa: F401 -- handlers subscribe when imported
        from huduma.contexts.credentials.providers import typesetting

        catalogue.register_check(typesetting.check)
