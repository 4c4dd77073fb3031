import os

SECRET_KEY = os.environ["SECRET_KEY"]
TIME_ZONE = "UTC"
GRAPHITE_ROOT = "/usr/share/graphite-web"
CONF_DIR = "/etc/graphite"
STORAGE_DIR = "/var/lib/graphite/whisper"
WHISPER_DIR = "/var/lib/graphite/whisper"
STATIC_ROOT = "/usr/share/graphite-web/static"
LOG_DIR = "/var/log/graphite"
INDEX_FILE = "/tmp/search_index"

CARBONLINK_HOSTS = [os.environ["CARBON_HOST"] + ":7002"]
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
        "LOCATION": os.environ["MEMCACHED_HOST"] + ":11211",
        "TIMEOUT": 60,
    }
}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "graphite",
        "USER": "graphite",
        "PASSWORD": os.environ["POSTGRES_PASSWORD"],
        "HOST": os.environ["POSTGRES_HOST"],
        "PORT": 5432,
    }
}
