from django.db import migrations

#: The same tables as in `rules`; a test compares them.
MOVES = """
CREATE TABLE payments_move (kind text, since text, "to" text, PRIMARY KEY (kind, since, "to"));
INSERT INTO payments_move VALUES
    ('payment', 'requested', 'failed'),
    ('payment', 'requested', 'held'),
    ('payment', 'requested', 'pushing'),
    ('payment', 'requested', 'succeeded'),
    ('payment', 'requested', 'surplus'),
    ('payment', 'pushing', 'failed'),
    ('payment', 'pushing', 'held'),
    ('payment', 'pushing', 'pending'),
    ('payment', 'pushing', 'succeeded'),
    ('payment', 'pushing', 'surplus'),
    ('payment', 'pushing', 'unknown'),
    ('payment', 'pending', 'failed'),
    ('payment', 'pending', 'held'),
    ('payment', 'pending', 'review'),
    ('payment', 'pending', 'succeeded'),
    ('payment', 'pending', 'surplus'),
    ('payment', 'pending', 'unknown'),
    ('payment', 'unknown', 'failed'),
    ('payment', 'unknown', 'held'),
    ('payment', 'unknown', 'pending'),
    ('payment', 'unknown', 'review'),
    ('payment', 'unknown', 'succeeded'),
    ('payment', 'unknown', 'surplus'),
    ('payment', 'review', 'failed'),
    ('payment', 'review', 'held'),
    ('payment', 'review', 'succeeded'),
    ('payment', 'review', 'surplus'),
    ('payment', 'failed', 'held'),
    ('payment', 'failed', 'succeeded'),
    ('payment', 'failed', 'surplus'),
    ('payment', 'held', 'applied'),
    ('payment', 'held', 'surplus'),
    ('refund', 'proposed', 'approved'),
    ('refund', 'proposed', 'rejected'),
    ('refund', 'approved', 'review'),
    ('refund', 'approved', 'sending'),
    ('refund', 'sending', 'review'),
    ('refund', 'sending', 'sent'),
    ('refund', 'sending', 'succeeded'),
    ('refund', 'sent', 'review'),
    ('refund', 'sent', 'succeeded'),
    ('refund', 'review', 'rejected'),
    ('refund', 'review', 'sending'),
    ('refund', 'review', 'succeeded');

CREATE FUNCTION payments_check_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM payments_move m WHERE m.kind = TG_ARGV[0] AND m.since = OLD.state AND m."to" = NEW.state) THEN
        RAISE EXCEPTION 'a % cannot move from % to %', TG_ARGV[0], OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_payment_moves BEFORE UPDATE OF state ON payments_payment
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION payments_check_move('payment');
CREATE TRIGGER payments_refund_moves BEFORE UPDATE OF state ON payments_refund
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION payments_check_move('refund');

CREATE FUNCTION payments_check_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE received bigint;
BEGIN
    SELECT received_cents INTO received FROM payments_payment WHERE id = NEW.payment_id FOR UPDATE;
    IF coalesce(received, 0) < (SELECT coalesce(sum(amount_cents), 0) FROM payments_refund
            WHERE payment_id = NEW.payment_id AND state <> 'rejected') THEN
        RAISE EXCEPTION 'refunds of payment % exceed what was received', NEW.payment_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payments_refund_covered AFTER INSERT OR UPDATE OF amount_cents, state ON payments_refund
    FOR EACH ROW WHEN (NEW.state <> 'rejected') EXECUTE FUNCTION payments_check_refund();
"""
REMOVE = """
DROP TRIGGER payments_refund_covered ON payments_refund;
DROP FUNCTION payments_check_refund();
DROP TRIGGER payments_refund_moves ON payments_refund;
DROP TRIGGER payments_payment_moves ON payments_payment;
DROP FUNCTION payments_check_move();
DROP TABLE payments_move;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_gateways")]
    operations = [migrations.RunSQL(MOVES, REMOVE)]
