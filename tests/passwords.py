"""Passwords of tests are hashed like others, but at no cost: nobody steals them."""

from django.contrib.auth.hashers import ScryptPasswordHasher


class Quick(ScryptPasswordHasher):
    """Scrypt, with a five-hundredth of the work."""

    work_factor = 2**5
