from django.apps import AppConfig


class CoordinationConfig(AppConfig):
    name = "backend.coordination"
    label = "coordination"
