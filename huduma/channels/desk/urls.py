"""The desk's addresses: each module's own list, one after the other."""

from huduma.channels.desk import cases, contact, identity, worktime

app_name = "desk"
urlpatterns = [
    *cases.urlpatterns,
    *contact.urlpatterns,
    *identity.urlpatterns,
    *worktime.urlpatterns,
]
