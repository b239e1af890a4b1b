from django.db import migrations, models

#: All money that gateways confirmed, in and out, as statements name it: what a context above matches statements against, in SQL.
CASHBOOK = """
CREATE VIEW payments_cashbook AS
    SELECT p.id, 'payment'::text AS kind, p.gateway, p.receipt, p.checkout_id AS request, p.received_cents AS cents, p.currency,
        coalesce(b.reference, p.typed_reference) AS reference, p.finished_at AS at
    FROM payments_payment p LEFT JOIN payments_bill b ON b.id = p.bill_id
    WHERE p.received_cents IS NOT NULL
    UNION ALL
    SELECT r.id, 'refund', p.gateway, r.receipt, r.provider_id, -r.amount_cents, p.currency,
        coalesce(b.reference, p.typed_reference), r.finished_at
    FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id LEFT JOIN payments_bill b ON b.id = p.bill_id
    WHERE r.state = 'succeeded';
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0008_refunds_by_people")]
    operations = [
        migrations.AddIndex(
            "payment",
            models.Index(
                fields=["gateway", "received_cents", "finished_at"],
                condition=models.Q(received_cents__isnull=False),
                name="payments_by_amount",
            ),
        ),
        migrations.AddIndex(
            "refund",
            models.Index(
                fields=["amount_cents"], condition=models.Q(state="succeeded"), name="payments_refund_by_amount"
            ),
        ),
        migrations.RunSQL(CASHBOOK, "DROP VIEW payments_cashbook"),
    ]
