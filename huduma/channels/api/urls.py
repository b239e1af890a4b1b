"""What other programs read and send: no session, no language in the address."""

from huduma.channels.api import crm, open311, statistics

app_name = "api"
urlpatterns = [*crm.urlpatterns, *open311.urlpatterns, *statistics.urlpatterns]
