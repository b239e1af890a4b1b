"""Django settings. Values come from config/env.py; everything here is the same in every installation."""

from pathlib import Path

from config import env

BASE_DIR = env.BASE
SANDBOX = env.SANDBOX
DEBUG = False
SECRET_KEY = env.secret_key()
PUBLIC_URL = env.PUBLIC_URL
SANDBOX_URL = env.SANDBOX_URL
# Where rooms of a video service (such as Jitsi Meet) are opened; without it no visit by video is offered.
STREAM_URL = env.STREAM_URL
VIDEO_URL = env.text("HUDUMA_VIDEO_URL").rstrip("/")
HOOKS_BASE_URL = env.text("HUDUMA_HOOKS_URL", env.PUBLIC_URL)
ALLOWED_HOSTS = ["*"] if SANDBOX else [PUBLIC_URL.split("://", 1)[1].split(":")[0], *env.names("HUDUMA_HOSTS")]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "huduma.foundation.ui.errors.stale_form"
TRUSTED_PROXIES = env.number("HUDUMA_TRUSTED_PROXIES", 0 if SANDBOX else 1)
KEYS_DIR = env.KEYS
# The key that signs documents: a file of KEYS_DIR, or in a hardware module (docs/how-to/use-an-hsm.md).
DOCUMENTS_PKCS11_MODULE = env.text("HUDUMA_PKCS11_MODULE")
DOCUMENTS_PKCS11_TOKEN = env.text("HUDUMA_PKCS11_TOKEN")
DOCUMENTS_PKCS11_PIN = env.text("HUDUMA_PKCS11_PIN")
DOCUMENTS_PKCS11_KEY = env.text("HUDUMA_PKCS11_KEY", "huduma-documents")
SERVICES_DIR = env.BASE / "services"

INSTALLED_APPS = [
    "huduma.channels.portal",
    "huduma.channels.desk",
    "huduma.channels.display",
    "huduma.channels.outreach",
    "huduma.channels.hooks",
    "huduma.channels.api",
    "huduma.contexts.reengineering",
    "huduma.contexts.performance",
    "huduma.contexts.hearing",
    "huduma.contexts.crm",
    "huduma.contexts.inbox",
    "huduma.contexts.contact",
    "huduma.contexts.outreach",
    "huduma.contexts.applications",
    "huduma.contexts.clocks",
    "huduma.contexts.planning",
    "huduma.contexts.centres",
    "huduma.contexts.settlement",
    "huduma.contexts.process",
    "huduma.contexts.payments",
    "huduma.contexts.credentials",
    "huduma.contexts.exchange",
    "huduma.contexts.knowledge",
    "huduma.contexts.catalogue",
    "huduma.contexts.workforce",
    "huduma.contexts.messages",
    "huduma.contexts.identity",
    "huduma.contexts.places",
    "huduma.foundation.ui",
    "huduma.foundation.files",
    "huduma.foundation.worktime",
    "huduma.foundation.journal",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "config.middleware.NulMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.SizeMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "huduma.foundation.ui.security.ContentSecurityPolicyMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "huduma.foundation.ui.ways_back.WaysBackMiddleware",
    "config.middleware.ActorMiddleware",
    "huduma.channels.desk.gate.StaffOnlyMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.middleware.installation",
            ],
        },
    }
]

DATABASES = {"default": env.database_settings()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The cache counts tries and remembers used codes: Django's usual 300 entries would let a flood push them out.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("sw", "Kiswahili")]
LOCALE_PATHS = [env.BASE / "huduma" / "locale"]
TIME_ZONE = "Africa/Nairobi"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = env.VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing is kept as a local file
    "staticfiles": {"BACKEND": "config.static.ModuleStorage"},
}
WHITENOISE_MAX_AGE = 31536000

AUTH_USER_MODEL = "identity.Account"
# django-allauth checks passwords and second factors of staff; its own pages are not mounted, so nobody can sign up by them.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "huduma.contexts.identity.providers.second_factor.SealedSecrets"
MFA_TOTP_ISSUER = "Huduma"
MFA_TOTP_TOLERANCE = 1  # half a minute of clock skew either way; `use_up` keeps a code single use for all that time
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an administrator entered the address
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# The edge (a reverse proxy) ends TLS in production and tells the scheme; the sandbox speaks plain HTTP on loopback.
SECURE_PROXY_SSL_HEADER = None if SANDBOX else ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = not SANDBOX
SESSION_COOKIE_SECURE = not SANDBOX
CSRF_COOKIE_SECURE = not SANDBOX
SECURE_HSTS_SECONDS = 0 if SANDBOX else 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not SANDBOX
SECURE_HSTS_PRELOAD = not SANDBOX
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
LARGEST_REQUEST = 30_000_000  # refused by its declared length, before it is received; the edge says the same
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_MAX_MEMORY_SIZE = 5_500_000

# Waiting times of payments are divided by this: tests of robustness live through a day in minutes.
PAYMENTS_PACE = float(env.text("HUDUMA_PAYMENTS_PACE", "1")) if SANDBOX else 1.0

CONVENIENCE_FEES = Path(
    env.text("HUDUMA_CONVENIENCE_FEES", str(env.BASE / "huduma" / "contexts" / "payments" / "convenience_fees.yaml"))
)

# Outside systems; in the sandbox each address is its stand-in's.
DARAJA = {
    "base_url": env.outside("DARAJA_BASE_URL", "/daraja"),
    "consumer_key": env.required("DARAJA_CONSUMER_KEY", "sandbox-key"),
    "consumer_secret": env.required("DARAJA_CONSUMER_SECRET", "sandbox-secret"),
    "shortcode": env.required("DARAJA_SHORTCODE", "174379"),
    "passkey": env.required("DARAJA_PASSKEY", "sandbox-passkey"),
    "initiator": env.required("DARAJA_INITIATOR", "sandbox-initiator"),
    "initiator_password": env.required("DARAJA_INITIATOR_PASSWORD", ""),
    "certificate": env.pem("DARAJA_CERTIFICATE"),
}
# The other ways to pay: each is there where an installation names its key.
PESAFLOW = {
    "base_url": env.outside("PESAFLOW_BASE_URL", "/pesaflow"),
    "client_id": env.text("PESAFLOW_CLIENT_ID", "35"),
    "service_id": env.text("PESAFLOW_SERVICE_ID", "48221"),
    "key": env.text("PESAFLOW_KEY"),
    "secret": env.text("PESAFLOW_SECRET"),
    "hash_encoding": env.text("PESAFLOW_HASH_ENCODING", "b64hex"),
}
AIRTEL = {
    "base_url": env.outside("AIRTEL_BASE_URL", "/airtel"),
    "client_id": env.text("AIRTEL_CLIENT_ID", "sandbox"),
    "client_secret": env.text("AIRTEL_CLIENT_SECRET"),
    "pin": env.text("AIRTEL_PIN"),
}
CARD = {
    "base_url": env.outside("CARD_BASE_URL", "/card"),
    "secret_key": env.text("CARD_SECRET_KEY"),
    "webhook_secret": env.text("CARD_WEBHOOK_SECRET"),
}
KCB_PUBLIC_KEYS = [key for key in (env.pem("KCB_PUBLIC_KEY"), env.pem("KCB_NEXT_PUBLIC_KEY")) if key]
KCB_ACCOUNT = env.text("KCB_ACCOUNT", "1100000001")
EQUITY = {
    "user": env.text("EQUITY_IPN_USER", "huduma"),
    "password": env.text("EQUITY_IPN_PASSWORD"),
    "account": env.text("EQUITY_ACCOUNT", "0200000001"),
}
# Tax invoices (eTIMS) of bodies that are taxpayers; the rates by category are the law's of the day, in per cent.
ETIMS = {
    "base_url": env.text("ETIMS_BASE_URL", f"{SANDBOX_URL}/etims" if SANDBOX else "").rstrip("/"),
    "key": env.text("ETIMS_KEY"),
    "secret": env.text("ETIMS_SECRET"),
    "rates": {"B": env.text("ETIMS_RATE_B", "16"), "E": env.text("ETIMS_RATE_E", "8")},
    # Where KRA shows an invoice to whoever reads its QR code.
    "receipt_url": env.text(
        "ETIMS_RECEIPT_URL",
        f"{SANDBOX_URL if SANDBOX else 'https://etims.kra.go.ke'}"
        + ("/etims" if SANDBOX else "")
        + "/common/link/etims/receipt/indexEtimsReceiptData?Data=",
    ),
}
# Whose money it is before it is handed over to bodies, as the bank knows it; and the servers to which batches go (decision 9).
SETTLEMENT_ACCOUNT = {
    "name": env.text("SETTLEMENT_NAME", "Huduma collection account"),
    "bic": env.text("SETTLEMENT_BIC", "CBKEKENX"),
    "account": env.text("SETTLEMENT_ACCOUNT", "1000000001"),
}
SETTLEMENT_SERVERS = env.sftp_servers("bank", "ifmis", "gpay")
# A statement that names an account is taken for that account only.
STATEMENT_ACCOUNTS = {
    "mpesa": DARAJA["shortcode"],
    "kcb": KCB_ACCOUNT,
    "equity": EQUITY["account"],
    "bank": SETTLEMENT_ACCOUNT["account"],
}
HOOKS_ALLOWED_NETWORKS = env.names("HUDUMA_HOOKS_ALLOWED_NETWORKS")
# Gateways call from networks of their own; one that is not named here may call from those above.
HOOKS_NETWORKS_OF = {
    address: env.names(f"HUDUMA_HOOKS_NETWORKS_{address.upper()}")
    for address in ("simu", "ecitizen", "airtel", "card", "kcb", "equity")
}
AT_BASE_URL = env.outside("AT_BASE_URL", "/africastalking/version1")
AT_USERNAME = env.required("AT_USERNAME", "sandbox")
AT_API_KEY = env.required("AT_API_KEY", "sandbox-at-key")
AT_VOICE_URL = env.text(
    "AT_VOICE_URL", f"{SANDBOX_URL}/africastalking/voice" if SANDBOX else "https://voice.africastalking.com"
)
AT_VOICE_NUMBER = env.text("AT_VOICE_NUMBER", "+254207906000" if SANDBOX else "")
# Our own exchange, where there is one (docs/how-to/connect-an-exchange.md); and the line by which staff call: asterisk or phone.
ARI = {
    "url": env.text("ARI_URL", f"{SANDBOX_URL}/ari" if SANDBOX else "").rstrip("/"),
    "user": env.text("ARI_USER", "huduma"),
    "secret": env.text("ARI_SECRET"),
    "agent_endpoint": env.text("ARI_AGENT_ENDPOINT", "PJSIP/{number}"),
    "outside_endpoint": env.text("ARI_OUTSIDE_ENDPOINT", "PJSIP/{number}@trunk"),
    "caller_id": env.text("ARI_CALLER_ID", AT_VOICE_NUMBER),
    "records": env.text("ARI_RECORDS", "yes" if SANDBOX else "no") == "yes",
}
CALLS_OUT_BY = env.text("CALLS_OUT_BY", "asterisk" if ARI["url"] else "phone")
TWILIO_BASE_URL = env.outside("TWILIO_BASE_URL", "/twilio")
TWILIO_ACCOUNT_SID = env.required("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000000")
TWILIO_AUTH_TOKEN = env.required("TWILIO_AUTH_TOKEN", "sandbox-twilio-token")
SMS_SENDER = env.text("SMS_SENDER", "HUDUMA")
IPRS_WSDL_URL = env.outside("IPRS_WSDL_URL", "/iprs/IPRSServerwcf?wsdl")
IPRS_USER = env.required("IPRS_USER", "sandbox")
IPRS_PASSWORD = env.required("IPRS_PASSWORD", "sandbox")
CRS_URL = env.outside("CRS_URL", "/crs")
EMAIL_HOST = env.required("EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = int(env.text("EMAIL_PORT", "8025" if SANDBOX else "587"))
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = not SANDBOX
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Huduma <no-reply@huduma.example>")
# Where people write to, and where mail that could not be delivered comes back to; without a host no mail is fetched.
INBOX_ADDRESS = env.text("INBOX_ADDRESS", "help@huduma.example")
INBOX_IMAP = {
    "host": env.text("INBOX_IMAP_HOST", "127.0.0.1" if SANDBOX else ""),
    "port": env.number("INBOX_IMAP_PORT", EMAIL_PORT + 1 if SANDBOX else 993),
    "user": env.text("INBOX_IMAP_USER", "help"),
    "password": env.text("INBOX_IMAP_PASSWORD"),
    "tls": not SANDBOX,
}
# The name under which the own mail server writes what it found about a sender (RFC 8601); without it no sender of mail is proven.
INBOX_AUTHSERV = env.text("INBOX_AUTHSERV", "sandbox.example" if SANDBOX else "")
# When the contact centre answers, several periods a day, days from Monday on (`08:00-13:00 14:00-17:00; …`): its promises run then.
CONTACT_HOURS = env.text("CONTACT_HOURS", "08:00-17:00; 08:00-17:00; 08:00-17:00; 08:00-17:00; 08:00-17:00")
# The number that takes SMS from people; without one the pages name none.
SMS_SHORT_CODE = env.text("SMS_SHORT_CODE", "22222" if SANDBOX else "")
# For how many days a recording of a call is kept; while the matter of its conversation is not settled, longer.
RECORDING_DAYS = env.number("RECORDING_DAYS", 90)
WHATSAPP_BASE_URL = env.text(
    "WHATSAPP_BASE_URL", f"{SANDBOX_URL}/whatsapp/v21.0" if SANDBOX else "https://graph.facebook.com/v21.0"
)
WHATSAPP_NUMBER_ID = env.text("WHATSAPP_NUMBER_ID", "100000000000001" if SANDBOX else "")
WHATSAPP_TOKEN = env.text("WHATSAPP_TOKEN", "sandbox-whatsapp" if SANDBOX else "")
WHATSAPP_APP_SECRET = env.text("WHATSAPP_APP_SECRET")
WHATSAPP_VERIFY_TOKEN = env.text("WHATSAPP_VERIFY_TOKEN")
MESSENGER_BASE_URL = env.text(
    "MESSENGER_BASE_URL", f"{SANDBOX_URL}/messenger/v21.0" if SANDBOX else "https://graph.facebook.com/v21.0"
)
MESSENGER_PAGE_ID = env.text("MESSENGER_PAGE_ID", "200000000000001" if SANDBOX else "")
MESSENGER_TOKEN = env.text("MESSENGER_TOKEN", "sandbox-messenger" if SANDBOX else "")
MESSENGER_APP_SECRET = env.text("MESSENGER_APP_SECRET")
MESSENGER_VERIFY_TOKEN = env.text("MESSENGER_VERIFY_TOKEN")
X_BASE_URL = env.text("X_BASE_URL", f"{SANDBOX_URL}/x" if SANDBOX else "https://api.x.com")
X_CONSUMER_KEY = env.text("X_CONSUMER_KEY", "sandbox-x" if SANDBOX else "")
X_CONSUMER_SECRET = env.text("X_CONSUMER_SECRET")
X_ACCESS_TOKEN = env.text("X_ACCESS_TOKEN", "3000001-sandbox" if SANDBOX else "")
X_ACCESS_SECRET = env.text("X_ACCESS_SECRET")
# Whether webhooks to programs of bodies may go to addresses that are not of the public internet: only among stand-ins.
CRM_PRIVATE_ADDRESSES = SANDBOX
# Who may lodge matters by Open311; reading needs no key.
OPEN311_KEYS = env.names("OPEN311_KEYS") or (["sandbox-open311"] if SANDBOX else [])

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"huduma": {"level": "INFO"}, "django.request": {"level": "ERROR"}},
}
