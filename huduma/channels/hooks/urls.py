"""Where outside systems call back: no session, no language, no CSRF token, and never a refusal that would lose a message."""

from huduma.channels.hooks import crm, inbox, messages, payments

app_name = "hooks"
urlpatterns = [*payments.urlpatterns, *messages.urlpatterns, *inbox.urlpatterns, *crm.urlpatterns]
