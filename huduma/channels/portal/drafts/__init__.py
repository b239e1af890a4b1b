"""Filling in a form one page at a time, without losing a word, and sending it."""

from huduma.channels.portal.drafts import check, entries, pages, start

urlpatterns = [
    *start.urlpatterns,
    *check.urlpatterns,
    *pages.urlpatterns,
    *entries.urlpatterns,
]
