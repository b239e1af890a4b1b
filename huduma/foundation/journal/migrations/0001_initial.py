import django.contrib.postgres.fields
from django.db import migrations, models

import huduma.foundation.ids

TABLE = """
CREATE TABLE journal_entry (
    id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    transaction_id bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    act text NOT NULL CHECK (act ~ '^[a-z_]+(\\.[a-z_]+)+$'),
    subject_id uuid,
    actor_kind text NOT NULL CHECK (actor_kind IN ('person', 'system', 'anonymous')),
    actor_account_id uuid,
    actor_person_id uuid,
    roles text NOT NULL,
    on_behalf_of uuid,
    channel text NOT NULL,
    purpose text NOT NULL,
    concerns uuid[] NOT NULL,
    facts jsonb NOT NULL,
    PRIMARY KEY (id, recorded_at)
) PARTITION BY RANGE (recorded_at);

CREATE INDEX journal_entry_concerns ON journal_entry USING gin (concerns);
CREATE INDEX journal_entry_sequence ON journal_entry (sequence);
CREATE INDEX journal_entry_transaction ON journal_entry (transaction_id, sequence);

CREATE FUNCTION journal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER journal_entry_append_only BEFORE UPDATE OR DELETE ON journal_entry
    FOR EACH ROW EXECUTE FUNCTION journal_refuse_change();

CREATE FUNCTION journal_make_partitions(months integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first_day date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
    month date;
BEGIN
    FOR i IN 0..months LOOP
        month := first_day + make_interval(months => i);
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS %I PARTITION OF journal_entry FOR VALUES FROM (%L) TO (%L)',
            'journal_entry_' || to_char(month, 'YYYY_MM'),
            month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
    END LOOP;
END $$;
SELECT journal_make_partitions(3);
CREATE TABLE journal_entry_other PARTITION OF journal_entry DEFAULT;

CREATE FUNCTION journal_digest(e journal_entry) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to(jsonb_build_array(
        e.sequence, e.id, extract(epoch FROM e.recorded_at), e.transaction_id, e.act, e.subject_id, e.actor_kind,
        e.actor_account_id, e.actor_person_id, e.roles, e.on_behalf_of, e.channel, e.purpose, e.concerns, e.facts)::text, 'UTF8'))
$$;
"""

REMOVE = """
DROP FUNCTION journal_digest(journal_entry);
DROP TABLE journal_entry;
DROP FUNCTION journal_make_partitions(integer);
DROP FUNCTION journal_refuse_change();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(TABLE, REMOVE),
        migrations.CreateModel(
            name="EntryRow",
            fields=[
                ("id", models.UUIDField(default=huduma.foundation.ids.uuid7, primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField()),
                ("sequence", models.BigIntegerField()),
                ("transaction_id", models.BigIntegerField()),
                ("act", models.TextField()),
                ("subject_id", models.UUIDField(null=True)),
                ("actor_kind", models.TextField()),
                ("actor_account_id", models.UUIDField(null=True)),
                ("actor_person_id", models.UUIDField(null=True)),
                ("roles", models.TextField()),
                ("on_behalf_of", models.UUIDField(null=True)),
                ("channel", models.TextField()),
                ("purpose", models.TextField()),
                ("concerns", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ("facts", models.JSONField()),
            ],
            options={"db_table": "journal_entry", "managed": False},
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("entry_id", models.UUIDField()),
                ("handler", models.TextField()),
            ],
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=["entry_id", "handler"], name="journal_delivered_once"),
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("sealed_at", models.DateTimeField()),
                ("horizon", models.BigIntegerField(help_text="Entries of transactions below this id are sealed.")),
                (
                    "leaves",
                    models.BinaryField(help_text="For each entry: its sequence (8 bytes) and its SHA-256 (32 bytes)."),
                ),
                ("root", models.BinaryField()),
                ("previous_root", models.BinaryField()),
                ("signature", models.BinaryField(help_text="Ed25519 over previous root, root and horizon.")),
            ],
        ),
    ]
