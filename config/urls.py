"""Every address of the platform. Pages carry their language; callbacks do not."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from huduma.channels.portal.catalogue import schema

urlpatterns = [
    path("schemas/<slug:name>.schema.json", schema, name="schema"),
    path("hooks/", include("huduma.channels.hooks.urls")),
    path("api/", include("huduma.channels.api.urls")),
    path("outreach/", include("huduma.channels.outreach.api_urls", namespace="outreach_api")),
    *i18n_patterns(
        path("desk/", include("huduma.channels.desk.urls")),
        path("outreach/", include("huduma.channels.outreach.urls")),
        path("display/", include("huduma.channels.display.urls")),
        path("", include("huduma.channels.portal.urls")),
    ),
]

handler400 = "huduma.foundation.ui.errors.bad_request"
handler403 = "huduma.foundation.ui.errors.forbidden"
handler404 = "huduma.foundation.ui.errors.not_found"
handler500 = "huduma.foundation.ui.errors.server_error"
