import django.db.models.deletion
from django.db import migrations, models

#: The key of the lock that every transfer shares and that the closing of a period takes alone.
LEDGER = """
CREATE OR REPLACE FUNCTION payments_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT coalesce(sum(e.amount_cents), 0) <> 0 OR count(*) < 2
            OR bool_or(e.currency <> t.currency OR e.recorded_at <> t.recorded_at)
        FROM payments_ledgerentry e JOIN payments_transfer t ON t.id = e.transfer_id WHERE e.transfer_id = NEW.transfer_id) THEN
        RAISE EXCEPTION 'transfer % does not balance', NEW.transfer_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

DROP FUNCTION payments_transfer(uuid, text, uuid, text, timestamptz, text[], bigint[]);
CREATE FUNCTION payments_transfer(
    transfer uuid, kind text, payment uuid, currency text, at timestamptz, accounts text[], amounts bigint[],
    reversed uuid DEFAULT NULL, why text DEFAULT ''
) RETURNS timestamptz LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE booked timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7305001);
    booked := greatest(at, (SELECT max(until) FROM payments_period));
    INSERT INTO payments_ledgeraccount (code) SELECT unnest(accounts) ON CONFLICT DO NOTHING;
    INSERT INTO payments_transfer (id, kind, payment_id, currency, recorded_at, reverses_id, reason)
        VALUES (transfer, kind, payment, currency, booked, reversed, why);
    INSERT INTO payments_ledgerentry (transfer_id, account_id, amount_cents, currency, recorded_at)
        SELECT transfer, account, amount, currency, booked FROM unnest(accounts, amounts) AS legs (account, amount);
    RETURN booked;
END $$;

CREATE TRIGGER payments_period_append_only BEFORE UPDATE OR DELETE ON payments_period
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_checkpoint_append_only BEFORE UPDATE OR DELETE ON payments_checkpoint
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change();

CREATE FUNCTION payments_close_period(upto timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7305001);
    IF upto > clock_timestamp() OR upto <= (SELECT max(until) FROM payments_period) THEN
        RETURN false;
    END IF;
    INSERT INTO payments_period (until, closed_at) VALUES (upto, clock_timestamp());
    RETURN true;
END $$;

CREATE FUNCTION payments_roll_up(upto timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE since timestamptz; made bigint;
BEGIN
    since := (SELECT max(until) FROM payments_period WHERE until < upto);
    INSERT INTO payments_checkpoint (account_id, currency, until, debit_cents, credit_cents)
        SELECT moved.account_id, moved.currency, upto,
            coalesce(last.debit_cents, 0) + moved.debit, coalesce(last.credit_cents, 0) + moved.credit
        FROM (
            SELECT account_id, currency,
                coalesce(sum(amount_cents) FILTER (WHERE amount_cents > 0), 0) AS debit,
                coalesce(-sum(amount_cents) FILTER (WHERE amount_cents < 0), 0) AS credit
            FROM payments_ledgerentry
            WHERE recorded_at >= coalesce(since, '-infinity') AND recorded_at < upto
            GROUP BY account_id, currency
        ) moved
        LEFT JOIN LATERAL (
            SELECT c.debit_cents, c.credit_cents FROM payments_checkpoint c
            WHERE c.account_id = moved.account_id AND c.currency = moved.currency AND c.until < upto ORDER BY c.until DESC LIMIT 1
        ) last ON true
        WHERE EXISTS (SELECT 1 FROM payments_period WHERE until = upto)
        ON CONFLICT (account_id, currency, until) DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END $$;

CREATE FUNCTION payments_balances(prefix text, before timestamptz DEFAULT 'infinity')
RETURNS TABLE (account text, currency text, debit_cents bigint, credit_cents bigint) LANGUAGE sql STABLE AS $$
    SELECT a.code, money.currency,
        (coalesce(last.debit_cents, 0) + coalesce(rest.debit, 0))::bigint,
        (coalesce(last.credit_cents, 0) + coalesce(rest.credit, 0))::bigint
    FROM payments_ledgeraccount a
    CROSS JOIN (VALUES ('KES'), ('USD')) AS money (currency)
    LEFT JOIN LATERAL (
        SELECT c.until, c.debit_cents, c.credit_cents FROM payments_checkpoint c
        WHERE c.account_id = a.code AND c.currency = money.currency AND c.until <= before ORDER BY c.until DESC LIMIT 1
    ) last ON true
    LEFT JOIN LATERAL (
        SELECT sum(e.amount_cents) FILTER (WHERE e.amount_cents > 0) AS debit,
            -sum(e.amount_cents) FILTER (WHERE e.amount_cents < 0) AS credit
        FROM payments_ledgerentry e
        WHERE e.account_id = a.code AND e.currency = money.currency
            AND e.recorded_at >= coalesce(last.until, '-infinity') AND e.recorded_at < before
    ) rest ON true
    WHERE (prefix = '' OR a.code = prefix OR a.code LIKE prefix || ':%')
        AND (last.until IS NOT NULL OR rest.debit IS NOT NULL OR rest.credit IS NOT NULL)
$$;
"""
REMOVE = """
DROP FUNCTION payments_balances(text, timestamptz);
DROP FUNCTION payments_roll_up(timestamptz);
DROP FUNCTION payments_close_period(timestamptz);
DROP TRIGGER payments_checkpoint_append_only ON payments_checkpoint;
DROP TRIGGER payments_period_append_only ON payments_period;
"""
#: Entries written before these columns were there take them from their transfer.
FILL = """
ALTER TABLE payments_ledgerentry DISABLE TRIGGER payments_entry_append_only;
UPDATE payments_ledgerentry e SET currency = t.currency, recorded_at = t.recorded_at FROM payments_transfer t WHERE t.id = e.transfer_id;
ALTER TABLE payments_ledgerentry ENABLE TRIGGER payments_entry_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_paying_organisation")]
    operations = [
        migrations.CreateModel(
            name="Period",
            fields=[
                ("until", models.DateTimeField(primary_key=True, serialize=False)),
                ("closed_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField("ledgerentry", "currency", models.CharField(max_length=3, null=True)),
        migrations.AddField("ledgerentry", "recorded_at", models.DateTimeField(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("ledgerentry", "currency", models.CharField(max_length=3)),
        migrations.AlterField("ledgerentry", "recorded_at", models.DateTimeField()),
        migrations.AddField(
            "transfer",
            "reverses",
            models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reversal",
                to="payments.transfer",
            ),
        ),
        migrations.AddField("transfer", "reason", models.TextField(blank=True, db_default="")),
        migrations.AddConstraint(
            "transfer",
            models.CheckConstraint(condition=models.Q(currency__in=["KES", "USD"]), name="payments_transfer_currency"),
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account", "currency", "until", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("until", models.DateTimeField()),
                ("debit_cents", models.BigIntegerField()),
                ("credit_cents", models.BigIntegerField()),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.ledgeraccount",
                    ),
                ),
            ],
        ),
        migrations.AlterField(
            "ledgerentry",
            "account",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payments.ledgeraccount",
            ),
        ),
        migrations.AddIndex(
            "ledgerentry",
            models.Index(
                fields=["account", "currency", "recorded_at"], include=["amount_cents"], name="payments_entry_by_time"
            ),
        ),
        migrations.RunSQL(
            "CREATE INDEX payments_entry_recorded ON payments_ledgerentry USING brin (recorded_at) WITH (autosummarize = on)",
            "DROP INDEX payments_entry_recorded",
        ),
        migrations.RunSQL(LEDGER, REMOVE),
    ]
