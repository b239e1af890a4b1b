from django.apps import AppConfig
from django.utils.translation import gettext_noop


class ApplicationsConfig(AppConfig):
    name = "huduma.contexts.applications"
    label = "applications"
    verbose_name = "Requests for a service, from draft to outcome"

    def ready(self) -> None:
        # handlers subscribe when imported
        from huduma.contexts.applications import handlers, operations, queries, rules  # noqa: F401
        from huduma.contexts.clocks import public as clocks
        from huduma.contexts.process import public as process

        for name, service in operations.LIBRARY.items():
            process.register_action(name, **service)
        process.register_messages("bill-settled", "credential-issued", "corrected", "agreed", "declined")
        process.register_statuses(*rules.STATUSES)
        process.register_observer(operations.follow_case)
        process.register_questions(queries.questions_asked)
        clocks.register_due_follower(operations.follow_due)

        from huduma.contexts.applications.models import Agreement, Application
        from huduma.contexts.identity import public as identity

        identity.register_belonging(Application, "person_id", gettext_noop("Application"))
        identity.register_belonging(Application, "representative_id", gettext_noop("Application for somebody else"))
        identity.register_belonging(Agreement, "person_id")
