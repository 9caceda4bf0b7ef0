from django.apps import AppConfig


class EmergenciesConfig(AppConfig):
    name = "backend.emergencies"
    label = "emergencies"
