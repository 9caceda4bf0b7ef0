from django.apps import AppConfig


class FundsConfig(AppConfig):
    name = "backend.funds"
    label = "funds"
