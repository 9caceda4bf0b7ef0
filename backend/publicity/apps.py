from django.apps import AppConfig


class PublicityConfig(AppConfig):
    name = "backend.publicity"
    label = "publicity"
