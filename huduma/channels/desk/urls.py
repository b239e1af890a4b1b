"""The desk's addresses: each module's own list, one after the other."""

from huduma.channels.desk import cases, identity, worktime

app_name = "desk"
urlpatterns = [*cases.urlpatterns, *identity.urlpatterns, *worktime.urlpatterns]
