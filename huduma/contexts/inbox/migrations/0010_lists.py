import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0009_phone")]

    operations = [
        migrations.RemoveIndex(model_name="conversation", name="inbox_tags"),
        migrations.AddIndex(
            model_name="conversation",
            index=django.contrib.postgres.indexes.GinIndex(fields=["tags"], name="inbox_tags"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                fields=["due_at", "id"],
                condition=models.Q(("state", "open"), ("waiting_since__isnull", True)),
                name="inbox_answered",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["due_at", "id"], condition=models.Q(("state", "snoozed")), name="inbox_snoozed"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                fields=["channel", "-closed_at", "-id"], condition=models.Q(("state", "closed")), name="inbox_closed_by"
            ),
        ),
    ]
