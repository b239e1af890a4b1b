from django.apps import AppConfig
from django.utils.translation import gettext_noop


class IdentityConfig(AppConfig):
    name = "huduma.contexts.identity"
    label = "identity"
    verbose_name = "People, organisations, mandates, sign-in, roles"

    def ready(self) -> None:
        from huduma.contexts.identity import handlers, tasks  # noqa: F401 -- they subscribe when imported
        from huduma.contexts.identity.models import Account, Mandate, Representation
        from huduma.contexts.identity.providers.belongings import register_belonging

        register_belonging(Account, "person_id", gettext_noop("Account that signs in"))
        register_belonging(Mandate, "person_id", gettext_noop("Power to act for an organisation"))
        register_belonging(Representation, "representative_id", gettext_noop("Power to apply for somebody"))
        register_belonging(Representation, "person_id", gettext_noop("Somebody who may apply for them"))
