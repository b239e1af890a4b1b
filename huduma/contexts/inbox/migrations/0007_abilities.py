import django.contrib.postgres.indexes
from django.db import migrations


def hand_over(apps, schema_editor):
    """Let the workforce know who speaks one language only; who speaks both needs no row."""
    language = apps.get_model("workforce", "Language")
    for presence in apps.get_model("inbox", "Presence").objects.all():
        if len(presence.languages) == 1:
            language.objects.get_or_create(account_id=presence.account_id, code=presence.languages[0])


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0006_keyed"),
        ("workforce", "0003_languages"),
    ]

    operations = [
        migrations.RunPython(hand_over, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name="presence",
            name="languages",
        ),
        migrations.AddIndex(
            model_name="call",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["started_at"], name="inbox_called_when"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="inbox_said_when"),
        ),
    ]
