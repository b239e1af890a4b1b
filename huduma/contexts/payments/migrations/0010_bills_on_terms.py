import django.db.models.deletion
from django.db import migrations, models

import huduma.foundation.ids

#: What a bill once said it says for good: lines are only added while it is open, they add up, and its terms are frozen.
LINES = """
CREATE FUNCTION payments_check_bill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.total_cents <> (SELECT coalesce(sum((line->>'amount_cents')::bigint), 0) FROM jsonb_array_elements(NEW.lines) line) THEN
        RAISE EXCEPTION 'the lines of bill % do not add up', NEW.reference USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.reference, NEW.currency, NEW.terms) IS DISTINCT FROM (OLD.reference, OLD.currency, OLD.terms) THEN
            RAISE EXCEPTION 'the terms of bill % are frozen', NEW.reference USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.lines <> OLD.lines AND (OLD.state <> 'open' OR OLD.lines <> (
            SELECT coalesce(jsonb_agg(line ORDER BY place), '[]'::jsonb)
            FROM jsonb_array_elements(NEW.lines) WITH ORDINALITY AS kept (line, place) WHERE place <= jsonb_array_length(OLD.lines)
        )) THEN
            RAISE EXCEPTION 'the lines of bill % are frozen', NEW.reference USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_bill_lines BEFORE INSERT OR UPDATE OF lines, total_cents, reference, currency, terms ON payments_bill
    FOR EACH ROW EXECUTE FUNCTION payments_check_bill();
"""
REMOVE = "DROP TRIGGER payments_bill_lines ON payments_bill; DROP FUNCTION payments_check_bill();"


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0009_cashbook"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                ("id", models.UUIDField(default=huduma.foundation.ids.uuid7, primary_key=True, serialize=False)),
                ("currency", models.CharField(max_length=3)),
                ("day", models.DateField()),
                ("rate", models.BigIntegerField()),
                ("source", models.CharField(max_length=200)),
                ("state", models.CharField(default="proposed", max_length=8)),
                ("asked_by", models.UUIDField()),
                ("asked_at", models.DateTimeField()),
                ("decided_by", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Instalment",
            fields=[
                ("id", models.UUIDField(default=huduma.foundation.ids.uuid7, primary_key=True, serialize=False)),
                ("nth", models.PositiveSmallIntegerField()),
                ("due_on", models.DateField()),
                ("upto_cents", models.BigIntegerField()),
                ("reminded_at", models.DateTimeField(null=True)),
                ("missed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Waiver",
            fields=[
                ("id", models.UUIDField(default=huduma.foundation.ids.uuid7, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=9)),
                ("body_code", models.CharField(max_length=20)),
                ("amount_cents", models.BigIntegerField()),
                ("reason", models.TextField()),
                ("legal_basis", models.CharField(max_length=200)),
                ("state", models.CharField(default="proposed", max_length=8)),
                ("asked_by", models.UUIDField()),
                ("asked_at", models.DateTimeField()),
                ("decided_by", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("transfers", models.JSONField(default=list, help_text="Where it is in the ledger.")),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="bill",
            name="payments_bill_positive",
        ),
        migrations.AddField(
            model_name="bill",
            name="basket",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="members", to="payments.bill"
            ),
        ),
        migrations.AddField(
            model_name="bill",
            name="due_on",
            field=models.DateField(help_text="The last day to pay it.", null=True),
        ),
        migrations.AddField(
            model_name="bill",
            name="penalty_on",
            field=models.DateField(help_text="The day on which it costs more, unless it is paid.", null=True),
        ),
        migrations.AddField(
            model_name="bill",
            name="terms",
            field=models.JSONField(default=dict),
        ),
        migrations.AddIndex(
            model_name="bill",
            index=models.Index(fields=["payer_person_id", "state", "-id"], name="payments_bill_payer"),
        ),
        migrations.AddIndex(
            model_name="bill",
            index=models.Index(fields=["payer_organisation_id", "state", "-id"], name="payments_bill_organisation"),
        ),
        migrations.AddIndex(
            model_name="bill",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["penalty_on"], name="payments_bill_penalty"
            ),
        ),
        migrations.AddConstraint(
            model_name="bill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("total_cents__gt", 0),
                    models.Q(models.Q(("state", "open"), _negated=True), ("total_cents", 0)),
                    _connector="OR",
                ),
                name="payments_bill_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="bill",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__in", ["KES", "USD"])), name="payments_bill_currency"
            ),
        ),
        migrations.AddConstraint(
            model_name="bill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("purpose", "basket"), _negated=True), ("basket__isnull", True), _connector="OR"
                ),
                name="payments_no_basket_in_a_basket",
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(condition=models.Q(("currency", "USD")), name="payments_rate_currency"),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(condition=models.Q(("rate__gt", 0)), name="payments_rate_positive"),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["proposed", "approved", "rejected"])), name="payments_rate_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "proposed"), ("decided_by__isnull", False), _connector="XOR"),
                name="payments_rate_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "approved"), _negated=True),
                    models.Q(("decided_by", models.F("asked_by")), _negated=True),
                    _connector="OR",
                ),
                name="payments_rate_two_persons",
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "rejected"), _negated=True),
                fields=("currency", "day"),
                name="payments_rate_once",
            ),
        ),
        migrations.AddField(
            model_name="instalment",
            name="bill",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="instalments", to="payments.bill"
            ),
        ),
        migrations.AddField(
            model_name="waiver",
            name="bill",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="waivers", to="payments.bill"
            ),
        ),
        migrations.AddIndex(
            model_name="instalment",
            index=models.Index(
                condition=models.Q(("missed_at", None)), fields=["due_on"], name="payments_instalment_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="instalment",
            constraint=models.UniqueConstraint(fields=("bill", "nth"), name="payments_instalment_once"),
        ),
        migrations.AddConstraint(
            model_name="instalment",
            constraint=models.CheckConstraint(
                condition=models.Q(("upto_cents__gt", 0)), name="payments_instalment_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="waiver",
            index=models.Index(fields=["body_code", "state", "-id"], name="payments_waiver_body"),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["waiver", "exemption"])), name="payments_waiver_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["proposed", "approved", "rejected"])), name="payments_waiver_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_cents__gt", 0)), name="payments_waiver_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reason", ""), _negated=True), models.Q(("legal_basis", ""), _negated=True)
                ),
                name="payments_waiver_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "proposed"), ("decided_by__isnull", False), _connector="XOR"),
                name="payments_waiver_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "approved"), _negated=True),
                    models.Q(("decided_by", models.F("asked_by")), _negated=True),
                    _connector="OR",
                ),
                name="payments_waiver_two_persons",
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "proposed")),
                fields=("bill", "body_code"),
                name="payments_waiver_one_proposal",
            ),
        ),
        migrations.RunSQL(LINES, REMOVE),
    ]
