"""Money that is exact: accounts, entries of two sides, balances; nothing here knows what it is for."""
