"""How much of the same is tried: everybody tries everything; before a release, with THOROUGH=1, more of it."""

import os

THOROUGH = os.environ.get("THOROUGH") == "1"
