"""Paying what others confirmed: payables, batches, files for the bank, what came back."""
