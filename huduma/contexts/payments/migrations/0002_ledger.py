from django.db import migrations

LEDGER = """
CREATE FUNCTION payments_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER payments_transfer_append_only BEFORE UPDATE OR DELETE ON payments_transfer
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_entry_append_only BEFORE UPDATE OR DELETE ON payments_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change();

CREATE FUNCTION payments_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT coalesce(sum(amount_cents), 0) <> 0 OR count(*) < 2 FROM payments_ledgerentry
        WHERE transfer_id = coalesce(NEW.transfer_id, OLD.transfer_id)) THEN
        RAISE EXCEPTION 'transfer % does not balance', NEW.transfer_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payments_transfer_balances AFTER INSERT ON payments_ledgerentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_check_balance();

CREATE FUNCTION payments_transfer(
    transfer uuid, kind text, payment uuid, currency text, at timestamptz, accounts text[], amounts bigint[]
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO payments_ledgeraccount (code) SELECT unnest(accounts) ON CONFLICT DO NOTHING;
    INSERT INTO payments_transfer (id, kind, payment_id, currency, recorded_at) VALUES (transfer, kind, payment, currency, at);
    INSERT INTO payments_ledgerentry (transfer_id, account_id, amount_cents)
        SELECT transfer, account, amount FROM unnest(accounts, amounts) AS legs (account, amount);
$$;
"""
REMOVE = """
DROP FUNCTION payments_transfer(uuid, text, uuid, text, timestamptz, text[], bigint[]);
DROP TRIGGER payments_transfer_balances ON payments_ledgerentry;
DROP FUNCTION payments_check_balance();
DROP TRIGGER payments_entry_append_only ON payments_ledgerentry;
DROP TRIGGER payments_transfer_append_only ON payments_transfer;
DROP FUNCTION payments_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]
    operations = [migrations.RunSQL(LEDGER, REMOVE)]
