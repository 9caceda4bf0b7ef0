from django.apps import AppConfig


class InspectionConfig(AppConfig):
    name = "backend.inspection"
    label = "inspection"
