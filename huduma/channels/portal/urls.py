"""The portal's addresses: each module's own list, one after the other."""

from huduma.channels.portal import (
    agreements,
    applications,
    catalogue,
    centres,
    collecting,
    contact,
    credentials,
    drafts,
    hearing,
    identity,
    inbox,
    knowledge,
    mandates,
    outreach,
    payments,
    performance,
    settlement,
)

app_name = "portal"
urlpatterns = [
    *catalogue.urlpatterns,
    *centres.urlpatterns,
    *collecting.urlpatterns,
    *hearing.urlpatterns,
    *identity.urlpatterns,
    *mandates.urlpatterns,
    *drafts.urlpatterns,
    *applications.urlpatterns,
    *agreements.urlpatterns,
    *payments.urlpatterns,
    *settlement.urlpatterns,
    *credentials.urlpatterns,
    *knowledge.urlpatterns,
    *contact.urlpatterns,
    *inbox.urlpatterns,
    *outreach.urlpatterns,
    *performance.urlpatterns,
]
