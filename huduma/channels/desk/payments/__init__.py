"""Money at the desk: how the gateways fare, payments that a person has to explain, refunds, and tills."""

from huduma.channels.desk.payments import gateways, refunds, tills

urlpatterns = [*gateways.urlpatterns, *refunds.urlpatterns, *tills.urlpatterns]
