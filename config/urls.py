"""Every address of the platform. Pages carry their language; callbacks do not."""

import importlib.util

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path


def _if_built(route, module):
    found = importlib.util.find_spec(module.rsplit(".", 1)[0]) and importlib.util.find_spec(module)
    return [path(route, include(module))] if found else []


urlpatterns = [
    *_if_built("hooks/", "huduma.channels.hooks.urls"),
    *i18n_patterns(
        *_if_built("desk/", "huduma.channels.desk.urls"),
        *_if_built("", "huduma.channels.portal.urls"),
    ),
]

if importlib.util.find_spec("huduma.foundation.ui") and importlib.util.find_spec("huduma.foundation.ui.errors"):
    handler400 = "huduma.foundation.ui.errors.bad_request"
    handler403 = "huduma.foundation.ui.errors.forbidden"
    handler404 = "huduma.foundation.ui.errors.not_found"
    handler500 = "huduma.foundation.ui.errors.server_error"
