"""Reminders: what is to be told to whom, by which channel, and whether it arrived.

Whoever wants somebody to hear of something calls `outbox.intend` in the own transaction; a job sends it after the
commit. A new sort of reminder is a line in `kinds.py`.
"""
