from django.apps import AppConfig
from django.utils.translation import gettext_noop


class CredentialsConfig(AppConfig):
    name = "huduma.contexts.credentials"
    label = "credentials"
    verbose_name = "Signed documents, verification, revocation"

    def ready(self) -> None:
        from huduma.contexts.catalogue import public as catalogue
        from huduma.contexts.credentials.providers import typesetting

        catalogue.register_check(typesetting.check)

        from huduma.contexts.credentials.models import Credential
        from huduma.contexts.identity import public as identity

        identity.register_belonging(Credential, "holder_person_id", gettext_noop("Document"))
        identity.register_belonging(Credential, "representative_person_id")
