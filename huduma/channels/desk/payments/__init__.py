"""Money at the desk: how the gateways fare, payments that a person has to explain, and tills."""

from huduma.channels.desk.payments import gateways, tills

urlpatterns = [*gateways.urlpatterns, *tills.urlpatterns]
