"""Numbers over several parts of the domain: queries, never a change."""
