"""Log-in, users, memberships, deputies and units: the verbs on rows of backend.org that history is told about."""
