"""The pages of outreach: each module's own list, one after the other."""

from huduma.channels.outreach import conflicts, devices, tablet, visits

app_name = "outreach"
urlpatterns = [*visits.urlpatterns, *conflicts.urlpatterns, *devices.urlpatterns, *tablet.urlpatterns]
