"""The desk's addresses: each module's own list, one after the other."""

from huduma.channels.desk import (
    cases,
    centres,
    clocks,
    contact,
    customers,
    identity,
    payments,
    processes,
    worktime,
)

app_name = "desk"
urlpatterns = [
    *cases.urlpatterns,
    *centres.urlpatterns,
    *clocks.urlpatterns,
    *contact.urlpatterns,
    *customers.urlpatterns,
    *identity.urlpatterns,
    *processes.urlpatterns,
    *payments.urlpatterns,
    *worktime.urlpatterns,
]
