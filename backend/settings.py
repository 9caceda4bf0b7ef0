"""Settings: one file, read from the environment by three typed helpers, safe by default."""

import os
from pathlib import Path

from backend.core.environment import flag, number, text
from backend.core.databases import connection_settings

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(text("JIEQIN_DATA", str(ROOT / ".jieqin"))).resolve()

DEMO = flag("JIEQIN_DEMO", True)
DEBUG = flag("JIEQIN_DEBUG", False)
INSECURE_SECRET = "only-for-demo-and-tests-never-for-real-families"
SECRET_KEY = text("JIEQIN_SECRET_KEY", INSECURE_SECRET)
ALLOWED_HOSTS = text("JIEQIN_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
FIELD_KEYS = text("JIEQIN_FIELD_KEYS", "demo:" + "a2V5LW9ubHktZm9yLWRlbW8tYW5kLXRlc3RzLTMyYiE=")
"""`id:base64` pairs, newest first: the keys of encrypted fields. The last one also seeds the blind index."""

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "procrastinate.contrib.django",
    "backend.core",
    "backend.org",
    "backend.audit",
    "backend.cases",
    "backend.helpers",
    "backend.visits",
    "workflows",
    "backend.jobs",
    "backend.ops",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "backend.urls"
WSGI_APPLICATION = "backend.wsgi.application"
ASGI_APPLICATION = "backend.asgi.application"
AUTH_USER_MODEL = "org.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": connection_settings(text("DATABASE_URL", ""), DATA)}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
TOKEN_HOURS = number("JIEQIN_TOKEN_HOURS", 12)
LOGIN_FAILURES = number("JIEQIN_LOGIN_FAILURES", 5)
LOGIN_LOCK_MINUTES = number("JIEQIN_LOGIN_LOCK_MINUTES", 30)

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "static/"
STATIC_ROOT = DATA / "static"

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = None
PROCRASTINATE_IMPORT_PATHS = ["backend.jobs.processes", "backend.jobs.timers", "backend.jobs.rosters"]

BPMN_FOLDER = ROOT / "bpmn"
os.environ.setdefault("PGTZ", "UTC")
