"""The desk's addresses: each module's own list, one after the other."""

from huduma.channels.desk import (
    cases,
    catalogue,
    centres,
    clocks,
    contact,
    customers,
    hearing,
    identity,
    inbox,
    jobs,
    knowledge,
    payments,
    performance,
    planning,
    processes,
    redesign,
    settlement,
    worktime,
)

app_name = "desk"
urlpatterns = [
    *cases.urlpatterns,
    *catalogue.urlpatterns,
    *centres.urlpatterns,
    *clocks.urlpatterns,
    *contact.urlpatterns,
    *customers.urlpatterns,
    *hearing.urlpatterns,
    *identity.urlpatterns,
    *inbox.urlpatterns,
    *knowledge.urlpatterns,
    *payments.urlpatterns,
    *performance.urlpatterns,
    *planning.urlpatterns,
    *processes.urlpatterns,
    *redesign.urlpatterns,
    *settlement.urlpatterns,
    *jobs.urlpatterns,
    *worktime.urlpatterns,
]
