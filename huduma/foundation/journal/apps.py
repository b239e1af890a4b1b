from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "huduma.foundation.journal"
    label = "journal"
