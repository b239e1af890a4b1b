from django.db import migrations

#: The bill's reference by itself, so that a statement's lines find it by the bill's own index.
CASHBOOK = """
CREATE OR REPLACE VIEW payments_cashbook AS
    SELECT p.id, 'payment'::text AS kind, p.gateway, p.receipt, p.checkout_id AS request, p.received_cents AS cents, p.currency,
        coalesce(b.reference, p.typed_reference) AS reference, p.finished_at AS at, b.reference AS bill_reference
    FROM payments_payment p LEFT JOIN payments_bill b ON b.id = p.bill_id
    WHERE p.received_cents IS NOT NULL
    UNION ALL
    SELECT r.id, 'refund', p.gateway, r.receipt, r.provider_id, -r.amount_cents, p.currency,
        coalesce(b.reference, p.typed_reference), r.finished_at, b.reference
    FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id LEFT JOIN payments_bill b ON b.id = p.bill_id
    WHERE r.state = 'succeeded';
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0010_bills_on_terms")]
    operations = [migrations.RunSQL(CASHBOOK, migrations.RunSQL.noop)]
