"""The addresses of a centre's screens: each module's own list."""

from huduma.channels.display import centres

app_name = "display"
urlpatterns = [*centres.urlpatterns]
