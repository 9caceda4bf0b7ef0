"""Subsidies (P06, P07): standards by layer and date, applications, entitlements, annual reviews, recovery."""
