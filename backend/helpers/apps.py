from django.apps import AppConfig


class HelpersConfig(AppConfig):
    name = "backend.helpers"
    label = "helpers"
