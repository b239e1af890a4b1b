from django.apps import AppConfig


class WorktimeConfig(AppConfig):
    name = "huduma.foundation.worktime"
    label = "worktime"
