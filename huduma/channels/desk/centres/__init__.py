"""A centre's work: the counter, reception, the manager's screens, and the shelf of documents to collect."""

from huduma.channels.desk.centres import counter, manager, paper, reception, shelf

urlpatterns = [
    *counter.urlpatterns,
    *reception.urlpatterns,
    *paper.urlpatterns,
    *manager.urlpatterns,
    *shelf.urlpatterns,
]
