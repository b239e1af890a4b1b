from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "huduma.foundation.files"
    label = "files"
