"""The inbox at the desk: conversations by whatever channel they come, and the telephone."""

from huduma.channels.desk.inbox import calls, conversations

urlpatterns = [*conversations.urlpatterns, *calls.urlpatterns]
