"""The pages of outreach: each module's own list, one after the other."""

from django.urls import URLPattern

app_name = "outreach"
urlpatterns: list[URLPattern] = []
