"""Public notices: what may stand on them (D19), for how long, and proof of what stood there."""
