from django.apps import AppConfig


class SubsidiesConfig(AppConfig):
    name = "backend.subsidies"
    label = "subsidies"
