"""The yearly survey of a village's families (domain.md P01, J21): rounds, and the families to be surveyed in them."""
