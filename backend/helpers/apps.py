from django.apps import AppConfig


class HelpersConfig(AppConfig):
    name = "backend.helpers"
    label = "helpers"

    def ready(self) -> None:
        """Make the roster of helpers known (models are loaded only now)."""
        from backend.cases.rosters.kinds import register
        from backend.helpers.rosters import Helpers

        register(Helpers)
