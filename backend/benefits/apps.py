from django.apps import AppConfig


class BenefitsConfig(AppConfig):
    name = "backend.benefits"
    label = "benefits"
