from django.apps import AppConfig


class AdministrationConfig(AppConfig):
    name = "backend.administration"
    label = "administration"

    def ready(self) -> None:
        """From now on second factors tell what happens to them."""
        from backend.administration import second_factors  # noqa: F401
