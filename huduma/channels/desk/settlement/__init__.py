"""The money's desk: collections and their age, statements, batches, bank accounts, reports, and the auditor's trail."""

from huduma.channels.desk.settlement import audit, batches, collections, statements

urlpatterns = [*collections.urlpatterns, *statements.urlpatterns, *batches.urlpatterns, *audit.urlpatterns]
