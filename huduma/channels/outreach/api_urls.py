"""What tablets call: no language in the address."""

from huduma.channels.outreach import api

app_name = "outreach"
urlpatterns = [*api.urlpatterns]
