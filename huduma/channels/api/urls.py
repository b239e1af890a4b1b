"""What other programs read and send: no session, no language in the address."""

from huduma.channels.api import open311, statistics

app_name = "api"
urlpatterns = [*open311.urlpatterns, *statistics.urlpatterns]
