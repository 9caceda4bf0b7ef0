"""Targets and assessment (P15): agreements, inspections, scores, vetoes, appeals."""
