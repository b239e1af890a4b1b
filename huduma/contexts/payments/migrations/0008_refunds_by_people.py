from django.db import migrations, models

#: What no gateway can give back is paid by hand, and a second person checks it.
MOVES = "INSERT INTO payments_move VALUES ('refund', 'review', 'recorded'), ('refund', 'recorded', 'review'), ('refund', 'recorded', 'succeeded')"
REMOVE = "DELETE FROM payments_move WHERE kind = 'refund' AND 'recorded' IN (since, \"to\")"


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0007_moves"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="refund",
            name="payments_refund_state",
        ),
        migrations.RemoveIndex(
            model_name="refund",
            name="payments_refund_waiting",
        ),
        migrations.AddField(
            model_name="refund",
            name="hand_by",
            field=models.UUIDField(help_text="The account that recorded a payment by hand.", null=True),
        ),
        migrations.AddField(
            model_name="refund",
            name="hand_checked_by",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="refund",
            name="hand_from",
            field=models.CharField(blank=True, help_text="The gateway out of whose money it was paid.", max_length=20),
        ),
        migrations.AddField(
            model_name="refund",
            name="hand_note",
            field=models.TextField(blank=True),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["proposed", "review", "recorded"]), ("trouble", "paid-twice"), _connector="OR"
                ),
                fields=["asked_at"],
                name="payments_refund_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ("proposed", "approved", "sending", "sent", "review", "recorded", "succeeded", "rejected"),
                    )
                ),
                name="payments_refund_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "recorded"), _negated=True),
                    models.Q(
                        models.Q(("hand_by__isnull", False)),
                        models.Q(("hand_from", ""), _negated=True),
                        models.Q(("hand_note", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="payments_refund_recorded",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("hand_checked_by__isnull", True),
                    models.Q(
                        models.Q(("hand_by__isnull", False)),
                        models.Q(("hand_checked_by", models.F("hand_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="payments_refund_by_hand_two_persons",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "succeeded"), _negated=True),
                    ("hand_by__isnull", True),
                    ("hand_checked_by__isnull", False),
                    ("trouble", "paid-twice"),
                    _connector="OR",
                ),
                name="payments_refund_by_hand_checked",
            ),
        ),
        migrations.RunSQL(MOVES, REMOVE),
    ]
