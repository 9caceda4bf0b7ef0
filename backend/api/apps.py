from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "backend.api"
    label = "api"

    def ready(self) -> None:
        """Make the bearer scheme known to the schema."""
        from backend.api import schema  # noqa: F401  registers itself by being imported
