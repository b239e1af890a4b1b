"""The portal's addresses: each module's own list, one after the other."""

from huduma.channels.portal import catalogue, credentials, identity

app_name = "portal"
urlpatterns = [*catalogue.urlpatterns, *identity.urlpatterns, *credentials.urlpatterns]
