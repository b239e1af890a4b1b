from django.db import migrations


class Migration(migrations.Migration):
    """What failed is found among millions of jobs that did not."""

    dependencies = [("journal", "0001_initial"), ("procrastinate", "0041_post_retry_failed_job")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX huduma_failing_jobs ON procrastinate_jobs (task_name)"
            " WHERE status = 'failed' OR (status = 'todo' AND attempts > 0)",
            "DROP INDEX huduma_failing_jobs",
        )
    ]
