from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0003_credit_notes"),
    ]

    operations = [
        migrations.AddField(
            model_name="taxinvoice",
            name="moved_cents",
            field=models.BigIntegerField(default=0, help_text="In that currency."),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="taxinvoice",
            name="rate",
            field=models.JSONField(help_text="Of dollars: {rate, day, source}, as on a bill.", null=True),
        ),
        # What was made before counted a dollar as a shilling: that is said, not hidden.
        migrations.RunSQL(
            "UPDATE settlement_taxinvoice SET moved_cents = total_cents, rate = CASE WHEN currency <> 'KES' THEN"
            " jsonb_build_object('rate', 10000, 'day', ordered_at::date, 'source', '') END",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name="taxinvoice",
            name="total_cents",
            field=models.BigIntegerField(help_text="In shillings."),
        ),
        migrations.AlterField(
            model_name="taxinvoice",
            name="currency",
            field=models.CharField(help_text="In which the money came or went.", max_length=3),
        ),
        migrations.RemoveConstraint(model_name="taxinvoice", name="settlement_invoice_positive"),
        migrations.AddConstraint(
            model_name="taxinvoice",
            constraint=models.CheckConstraint(
                condition=Q(total_cents__gt=0, moved_cents__gt=0), name="settlement_invoice_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="taxinvoice",
            constraint=models.CheckConstraint(
                condition=Q(currency="KES", rate__isnull=True, moved_cents=F("total_cents"))
                | Q(~Q(currency="KES"), rate__isnull=False),
                name="settlement_invoice_in_shillings",
            ),
        ),
    ]
