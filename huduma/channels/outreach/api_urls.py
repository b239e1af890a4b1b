"""What tablets call, and the page that they install: no language in the address."""

from huduma.channels.outreach import api, tablet

app_name = "outreach"
urlpatterns = [*api.urlpatterns, *tablet.root_urlpatterns]
