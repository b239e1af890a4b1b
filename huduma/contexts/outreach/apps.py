from django.apps import AppConfig


class OutreachConfig(AppConfig):
    name = "huduma.contexts.outreach"
    label = "outreach"
    verbose_name = "Outreach visits and the tablets that work there without a network"
