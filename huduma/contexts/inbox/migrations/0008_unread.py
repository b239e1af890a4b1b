from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0007_abilities")]

    operations = [
        migrations.RemoveIndex(model_name="received", name="inbox_refused"),
        migrations.AddIndex(
            model_name="received",
            index=models.Index(
                fields=["-received_at"],
                condition=models.Q(("state", "done"), _negated=True),
                name="inbox_unread",
            ),
        ),
    ]
