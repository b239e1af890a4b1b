"""Money at the desk: bills and waivers, how the gateways fare, payments that a person has to explain, refunds, rates, and tills."""

from huduma.channels.desk.payments import bills, gateways, rates, receivables, refunds, tills

urlpatterns = [
    *bills.urlpatterns,
    *gateways.urlpatterns,
    *rates.urlpatterns,
    *receivables.urlpatterns,
    *refunds.urlpatterns,
    *tills.urlpatterns,
]
