from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "backend.core"
    label = "core"

    def ready(self) -> None:
        """Register the checks."""
        from backend.core import checks  # noqa: F401
