"""The portal's addresses: each module's own list, one after the other."""

from huduma.channels.portal import catalogue

app_name = "portal"
urlpatterns = [*catalogue.urlpatterns]
