from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "huduma.contexts.messages"
    label = "notices"  # "messages" is taken by django.contrib.messages
    verbose_name = "Outbound SMS and e-mail"

    def ready(self) -> None:
        from django.conf import settings

        from huduma.contexts.messages import handlers  # noqa: F401 -- handlers subscribe when imported
        from huduma.contexts.messages.providers.africastalking import AfricasTalking
        from huduma.contexts.messages.providers.base import sms_providers
        from huduma.contexts.messages.providers.twilio import Twilio

        # In order of preference: the second is asked when the first refuses or is down.
        sms_providers.register(
            "africastalking",
            AfricasTalking(settings.AT_BASE_URL, settings.AT_USERNAME, settings.AT_API_KEY, settings.SMS_SENDER),
        )
        sms_providers.register(
            "twilio",
            Twilio(
                settings.TWILIO_BASE_URL, settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.SMS_SENDER,
                f"{settings.HOOKS_BASE_URL}/hooks/sms/twilio/",
            ),
        )  # fmt: skip
