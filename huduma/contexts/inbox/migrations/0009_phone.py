from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0008_unread")]

    operations = [
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                fields=["phone", "-last_at"],
                condition=models.Q(("phone", ""), _negated=True),
                name="inbox_phone",
            ),
        ),
    ]
