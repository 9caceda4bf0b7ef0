"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
application = get_wsgi_application()
# Gunicorn loads this once, before its processes part: the views too, else the first request of each takes seconds.
get_resolver().url_patterns  # noqa: B018
