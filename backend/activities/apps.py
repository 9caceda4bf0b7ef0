from django.apps import AppConfig


class ActivitiesConfig(AppConfig):
    name = "backend.activities"
    label = "activities"
