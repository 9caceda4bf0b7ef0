from django.apps import AppConfig


class AssessmentConfig(AppConfig):
    name = "backend.assessment"
    label = "assessment"
