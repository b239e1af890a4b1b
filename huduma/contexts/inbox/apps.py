from typing import Any, cast

from django.apps import AppConfig
from django.utils.translation import gettext_noop


class InboxConfig(AppConfig):
    name = "huduma.contexts.inbox"
    label = "inbox"
    verbose_name = "Conversations with customers, by whatever channel they come"

    def ready(self) -> None:
        from django.conf import settings

        from huduma.contexts.contact import public as contact
        from huduma.contexts.inbox import events, handlers, tasks  # noqa: F401 -- they subscribe when imported
        from huduma.contexts.inbox.providers.africastalking import Sms, Voice
        from huduma.contexts.inbox.providers.asterisk import Asterisk, Settings
        from huduma.contexts.inbox.providers.base import channels
        from huduma.contexts.inbox.providers.email import Email
        from huduma.contexts.inbox.providers.messenger import Messenger
        from huduma.contexts.inbox.providers.whatsapp import WhatsApp
        from huduma.contexts.inbox.providers.x import X

        channels.register("email", Email(settings.INBOX_ADDRESS, settings.INBOX_AUTHSERV))
        channels.register("sms", Sms())
        voice = (settings.AT_VOICE_URL, settings.AT_USERNAME, settings.AT_API_KEY, settings.AT_VOICE_NUMBER)
        channels.register("phone", Voice(*voice))
        channels.register("asterisk", Asterisk(Settings(**cast("dict[str, Any]", settings.ARI))))
        channels.register(
            "whatsapp",
            WhatsApp(
                settings.WHATSAPP_BASE_URL, settings.WHATSAPP_NUMBER_ID, settings.WHATSAPP_TOKEN, settings.WHATSAPP_APP_SECRET
            ),
        )  # fmt: skip
        channels.register(
            "messenger",
            Messenger(
                settings.MESSENGER_BASE_URL, settings.MESSENGER_PAGE_ID, settings.MESSENGER_TOKEN, settings.MESSENGER_APP_SECRET
            ),
        )  # fmt: skip
        channels.register(
            "x",
            X(
                settings.X_BASE_URL, (settings.X_CONSUMER_KEY, settings.X_CONSUMER_SECRET),
                (settings.X_ACCESS_TOKEN, settings.X_ACCESS_SECRET),
            ),
        )  # fmt: skip
        contact.register_group("conversations", events.OF_THE_CUSTOMER)

        from huduma.contexts.identity import public as identity
        from huduma.contexts.inbox.models import Conversation

        identity.register_belonging(Conversation, "person_id", gettext_noop("Conversation"))
