from django.apps import AppConfig


class OutreachChannelConfig(AppConfig):
    name = "huduma.channels.outreach"
    label = "outreach_channel"
