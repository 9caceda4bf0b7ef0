"""Channels that do not work."""

from backend.reminders.channels import Message, NotTaken


class Refusing:
    """Never takes anything."""

    def send(self, message: Message) -> None:
        """No."""
        raise NotTaken("busy")


class Breaking:
    """Breaks off in the middle."""

    def send(self, message: Message) -> None:
        """Nobody knows."""
        raise ConnectionResetError
