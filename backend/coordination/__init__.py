"""The leading group (P14): member units, monthly reports, bulletins, meetings and what they decide."""
