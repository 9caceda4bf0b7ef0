"""Settings: one file, read from the environment by three typed helpers, safe by default."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from backend.core import failures, keys, schedules
from backend.core.databases import connection_settings
from backend.core.environment import flag, number, text

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(text("JIEQIN_DATA", str(ROOT / ".jieqin"))).resolve()

DEMO = flag("JIEQIN_DEMO", True)
"""Invented families and known accounts. Real use: JIEQIN_DEMO=0, see backend/core/checks.py."""
DEBUG = flag("JIEQIN_DEBUG", False)
HTTPS = flag("JIEQIN_HTTPS", False)
"""Served behind a proxy that speaks TLS and sets X-Forwarded-Proto itself."""
KEPT = keys.kept(DATA)
SECRET_KEY = text("JIEQIN_SECRET_KEY", KEPT.get("secret_key", keys.INSECURE_SECRET))
FIELD_KEYS = text("JIEQIN_FIELD_KEYS", KEPT.get("field_keys", keys.INSECURE_FIELD_KEYS))
"""`id:base64` pairs, newest first: the keys of encrypted fields. The last one also seeds the blind index."""
DEMO_PASSWORD = text("JIEQIN_DEMO_PASSWORD", KEPT.get("demo_password", ""))
ALLOWED_HOSTS = text("JIEQIN_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

LOGGING_CONFIG = "backend.core.logs.configure"
LOGGING = {"level": text("JIEQIN_LOG_LEVEL", "INFO"), "texts": DEMO}

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "backend.web",  # before allauth, whose templates it dresses
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "procrastinate.contrib.django",
    "backend.core",
    "backend.org",
    "backend.audit",
    "backend.administration",
    "backend.reminders",
    "backend.desk",
    "backend.ledger",
    "backend.publicity",
    "backend.documents",
    "backend.cases",
    "backend.payments",
    "backend.helpers",
    "backend.visits",
    "backend.rights",
    "backend.emergencies",
    "backend.activities",
    "backend.health",
    "backend.services",
    "backend.census",
    "backend.benefits",
    "backend.subsidies",
    "backend.funds",
    "backend.coordination",
    "backend.reporting",
    "backend.inspection",
    "backend.assessment",
    "workflows",
    "backend.api",
    "backend.jobs",
    "backend.ops",
]

MIDDLEWARE = [
    "backend.ops.health.Probes",
    "backend.core.requests.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "backend.api.refusals.Refusals",
    "backend.api.errors.ProblemMiddleware",
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
                "backend.web.pages.frame",
            ],
            "builtins": ["backend.web.templatetags.icons", "backend.web.templatetags.money"],
        },
    }
]

DATABASES = {"default": connection_settings(text("DATABASE_URL", ""), DATA)}

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
TOKEN_HOURS = number("JIEQIN_TOKEN_HOURS", 12)
LOGIN_FAILURES = number("JIEQIN_LOGIN_FAILURES", 5)
LOGIN_LOCK_MINUTES = number("JIEQIN_LOGIN_LOCK_MINUTES", 30)

# Second factors by django-allauth; names, passwords and the lock-out are backend.administration.log_in.
ACCOUNT_ADAPTER = "backend.web.second_factor.Accounts"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "backend.administration.second_factors.Factors"
MFA_FORMS = {
    "authenticate": "backend.web.second_factor.CodeForm",
    "add_webauthn": "backend.web.second_factor.PasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO and not HTTPS
"""A browser counts localhost as safe without TLS; anything else has to be."""

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
FORMAT_MODULE_PATH = ["backend.core.formats"]
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "static/"
STATIC_ROOT = DATA / "static"
FRONT_END = ROOT / "backend" / "web" / "node_modules"
"""What browsers load, brought by npm; each package's folder is served under its own name."""
FRONT_END_FILES = frozenset(
    {
        "bootstrap/css/bootstrap.min.css", "bootstrap/css/bootstrap.min.css.map",
        "bootstrap/js/bootstrap.bundle.min.js", "bootstrap/js/bootstrap.bundle.min.js.map",
        "bpmn-js/assets/bpmn-js.css", "bpmn-js/assets/diagram-js.css",
        "bpmn-js/bpmn-navigated-viewer.production.min.js",
        "echarts/echarts.common.min.js", "htmx/htmx.min.js", "idb/index.js",
    }
)  # fmt: skip
"""All of them that pages load."""
STATICFILES_FINDERS = [
    "backend.web.packages.PackageFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STATICFILES_DIRS = [
    (name, FRONT_END / folder)
    for name, folder in {
        "bootstrap": "bootstrap/dist",
        "bpmn-js": "bpmn-js/dist",
        "echarts": "echarts/dist",
        "htmx": "htmx.org/dist",
        "idb": "idb/build",
    }.items()
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# A browser keeps cookies from scripts and from other sites; outside demo mode it sends them over TLS only (localhost
# counts as safe). Everything else is Django's default, which is the safe one.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS or not DEMO
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "backend.web.errors.expired"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    # Everything comes from this host; no text of a page can become a script.
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],  # data: the framework's own arrows and ticks; blob: a photo to be sent
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
LOGIN_URL = "web:log_in"
LOGIN_REDIRECT_URL = "web:today"
SECURE_REFERRER_POLICY = "same-origin"
CSRF_TRUSTED_ORIGINS = [origin for origin in text("JIEQIN_TRUSTED_ORIGINS", "").split(",") if origin]
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = None
PROCRASTINATE_WORKER_DEFAULTS = {
    "worker_middleware": [failures.note, schedules.note],
    "concurrency": number("JIEQIN_WORKER_THREADS", 2),
    "delete_jobs": "successful",  # a failed job stays to be looked at
    "update_heartbeat_interval": 5,
    "stalled_worker_timeout": 30,
    "shutdown_graceful_timeout": 15,
}
PROCRASTINATE_ON_APP_READY = "backend.jobs.schedule.install"
PROCRASTINATE_IMPORT_PATHS = [
    "backend.jobs.history",
    "backend.jobs.absences",
    "backend.jobs.assessments",
    "backend.jobs.health",
    "backend.jobs.notices",
    "backend.jobs.exports",
    "backend.jobs.hours",
    "backend.jobs.condolences",
    "backend.jobs.study_aid",
    "backend.jobs.coordination",
    "backend.jobs.disasters",
    "backend.jobs.funds",
    "backend.jobs.housekeeping",
    "backend.jobs.pauses",
    "backend.jobs.payments",
    "backend.jobs.processes",
    "backend.jobs.recovery",
    "backend.jobs.reminders",
    "backend.jobs.proposals",
    "backend.jobs.rosters",
    "backend.jobs.rotations",
    "backend.jobs.sites",
    "backend.jobs.coming_of_age",
    "backend.jobs.subsidies",
    "backend.jobs.survey_rounds",
    "backend.jobs.successions",
    "backend.jobs.suspensions",
    "backend.jobs.rounds",
    "backend.jobs.timers",
]

MAIL = urlsplit(text("JIEQIN_MAIL", ""))
"""smtp://name:password@host:port, smtps:// for TLS from the start, smtp+starttls:// for TLS after greeting."""
EMAIL_HOST, EMAIL_PORT = MAIL.hostname or "", MAIL.port or (465 if MAIL.scheme == "smtps" else 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(MAIL.username or ""), unquote(MAIL.password or "")
EMAIL_USE_SSL, EMAIL_USE_TLS = MAIL.scheme == "smtps", MAIL.scheme == "smtp+starttls"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = text("JIEQIN_MAIL_FROM", "jieqin@localhost")
CHANNELS = {
    "email": "backend.reminders.channels.Mail" if EMAIL_HOST else "",
    "sms": text("JIEQIN_SMS", "file" if DEMO else ""),
    "wechat": text("JIEQIN_WECHAT", ""),
}
"""Channel → `file`, the dotted name of an adapter (see backend/reminders/channels.py), or nothing: not there."""
OUTBOX = DATA / "outbox"
"""Where the adapter `file` writes."""

BPMN_FOLDER = ROOT / "bpmn"
os.environ.setdefault("PGTZ", "UTC")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["backend.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["backend.api.permissions.RequiredActions"],
    "DEFAULT_PARSER_CLASSES": ["backend.api.parsers.BoundedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["backend.api.filters.StrictFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "backend.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS tells nothing: least of all which rows a field may point to
    "EXCEPTION_HANDLER": "backend.api.errors.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DEFAULT_THROTTLE_RATES": {
        "log_in": text("JIEQIN_LOGIN_RATE", "30/min"),
        "public_report": text("JIEQIN_PUBLIC_REPORT_RATE", "6/hour"),
        "public_board": text("JIEQIN_PUBLIC_BOARD_RATE", "120/min"),
    },
    # How many proxies of ours stand in front: X-Forwarded-For is believed for these only.
    "NUM_PROXIES": number("JIEQIN_PROXIES", 0),
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Jieqin 结亲",
    "DESCRIPTION": "Case management of township family associations: inboxes, cases, families, helpers, visits. "
    "Log in at /api/auth/token/, then send `Authorization: Bearer <token>`. Lists are pages by key, errors are problem "
    "documents, objects carry a version. Texts are Chinese, or English by Accept-Language.",
    "VERSION": "1.0.0",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "backend.org.roles.ROLE_NAMES",
        "CaseStateEnum": "backend.cases.models.Case.State",
        "ExportStateEnum": "backend.documents.models.Export.State",
        "NoticeStateEnum": "backend.publicity.models.Notice.State",
        "AssessmentStateEnum": "backend.assessment.models.Assessment.State",
        "AssessmentResultEnum": "backend.assessment.models.Assessment.Result",
        "CallBackAnswerEnum": "backend.assessment.models.CallBack.Answer",
        "CardStateEnum": "backend.services.models.Card.State",
        "PlanStateEnum": "backend.services.models.Plan.State",
        "PlanSourceEnum": "backend.services.models.Plan.Source",
        "PlanItemStateEnum": "backend.services.models.PlanItem.State",
        "ReferralStateEnum": "backend.services.models.Referral.State",
        "EntryKindEnum": "backend.services.models.Entry.Kind",
        "BanStateEnum": "backend.activities.models.Ban.State",
        "CondolenceStateEnum": "backend.benefits.models.Condolence.State",
        "GiftStateEnum": "backend.benefits.models.Gift.State",
        "PayableStateEnum": "backend.payments.models.Payable.State",
        "PaymentBatchStateEnum": "backend.payments.models.Batch.State",
        "TransferStateEnum": "backend.payments.models.Transfer.State",
        "BatchFileKindEnum": "backend.payments.models.BatchFile.Kind",
        "AppropriationStateEnum": "backend.ledger.models.Appropriation.State",
        "LedgerAccountKindEnum": "backend.ledger.models.Account.Kind",
        "AnnualReviewStateEnum": "backend.subsidies.models.AnnualReview.State",
        "ReviewCheckStateEnum": "backend.subsidies.models.ReviewCheck.State",
        "ReviewCheckMethodEnum": "backend.subsidies.models.ReviewCheck.Method",
        "ExitStateEnum": "backend.subsidies.models.Exit.State",
        "ExitSourceEnum": "backend.subsidies.models.Exit.Source",
        "RecoveryStateEnum": "backend.subsidies.models.Recovery.State",
        "RecoveryCauseEnum": "backend.subsidies.models.Recovery.Cause",
        "RecoveryMethodEnum": "backend.subsidies.models.Receipt.Method",
        "DonationStateEnum": "backend.funds.models.Donation.State",
        "DonationKindEnum": "backend.funds.models.Donation.Kind",
        "AllocationStateEnum": "backend.funds.models.Allocation.State",
        "PurposeAnswerEnum": "backend.funds.models.PurposeChange.Answer",
        "UseReportKindEnum": "backend.funds.models.UseReport.Kind",
        "StoreKindEnum": "backend.funds.models.Store.Kind",
        "StockCountStateEnum": "backend.funds.models.StockCount.State",
        "SurveyRoundStateEnum": "backend.census.models.SurveyRound.State",
        "SurveyTargetStateEnum": "backend.census.models.SurveyTarget.State",
        "FamilyStatusEnum": "backend.cases.models.Family.Status",
        "RollStateEnum": "backend.emergencies.models.RollEntry.State",
        "RollFoundEnum": "backend.emergencies.models.disasters.FOUND",
        "DisasterOutcomeEnum": "backend.emergencies.models.Disaster.End",
        "SafetyWatchStateEnum": "backend.emergencies.models.SafetyWatch.State",
        "EmergencyLevelEnum": "backend.emergencies.models.Incident.Level",
        "EmergencyStateEnum": "backend.emergencies.models.Incident.State",
        "EmergencyEntryKindEnum": "backend.emergencies.models.Entry.Kind",
        "GrievanceKindEnum": "backend.rights.models.Grievance.Kind",
        "GrievanceStateEnum": "backend.rights.models.Grievance.State",
        "HourSourceEnum": "backend.activities.models.HourClaim.Source",
        "VolunteerSourceEnum": "backend.activities.models.Volunteer.Source",
        "HealthKindEnum": "backend.health.models.HealthService.Kind",
        "HealthOutcomeEnum": "backend.health.models.HealthService.Outcome",
        "HelperStatusEnum": "backend.helpers.models.Helper.Status",
        "InstanceStateEnum": "workflows.models.Instance.State",
        "SubmissionStateEnum": "backend.visits.models.Submission.State",
        "OfferStateEnum": "backend.helpers.models.Offer.State",
        "RosterStateEnum": "backend.cases.models.Roster.State",
        "RoundStateEnum": "backend.helpers.models.Round.State",
        "DifferenceStateEnum": "backend.helpers.models.Difference.State",
        "RotationStateEnum": "backend.helpers.models.Rotation.State",
        "RotationRowStateEnum": "backend.helpers.models.RotationRow.State",
        "VisitStateEnum": "backend.visits.models.Visit.State",
        "MonthlyReportStateEnum": "backend.coordination.models.MonthlyReport.State",
        "BulletinStateEnum": "backend.coordination.models.Bulletin.State",
        "MeetingStateEnum": "backend.coordination.models.Meeting.State",
        "MeetingKindEnum": "backend.coordination.models.Meeting.Kind",
        "AgendaKindEnum": "backend.coordination.models.AgendaItem.Kind",
        "GroupTaskStateEnum": "backend.coordination.models.GroupTask.State",
        "GroupDocumentKindEnum": "backend.coordination.models.GroupDocument.Kind",
        "SupportKindEnum": "backend.coordination.models.SupportDecision.Kind",
        "LoanStateEnum": "backend.funds.models.Loan.State",
        "SubsidyApplicationStateEnum": "backend.subsidies.models.Application.State",
        "SubsidyApplicationChannelEnum": "backend.subsidies.models.Application.Channel",
        "ChannelEnum": "backend.reminders.models.Channel",
        "InstalmentStateEnum": "backend.funds.models.Instalment.State",
        "StudyAidCallStateEnum": "backend.funds.models.StudyAidCall.State",
        "StudyAidLevelEnum": "backend.funds.models.StudyAidApplication.Level",
        "StudyAidStateEnum": "backend.funds.models.StudyAidApplication.State",
        "WorkItemStateEnum": "workflows.models.WorkItem.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "backend.api.schema.complete",
    ],
}
