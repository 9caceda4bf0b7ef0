from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "backend.cases"
    label = "cases"

    def ready(self) -> None:
        """Make the roster of families known (models are loaded only now)."""
        from backend.cases.rosters.families import Families
        from backend.cases.rosters.kinds import register

        register(Families)
