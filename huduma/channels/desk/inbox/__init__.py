"""The inbox at the desk: conversations by whatever channel they come, the telephone, and the people it all needs."""

from huduma.channels.desk.inbox import calls, conversations, staffing

urlpatterns = [*conversations.urlpatterns, *calls.urlpatterns, *staffing.urlpatterns]
