from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "huduma.foundation.journal"
    label = "journal"

    def ready(self) -> None:
        from huduma.foundation import jobs
        from huduma.foundation.journal.operations import record_failing_job

        jobs.register_alarm("journal", record_failing_job)
