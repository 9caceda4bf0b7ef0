"""The pages: what people see in a browser. Each asks the API's resources in the same process (see door.py)."""
