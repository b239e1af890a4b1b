-- Run once as the owner of the database, after `migrate`, and again after each upgrade:
--   psql "$OWNER_URL" -v ON_ERROR_STOP=1 -f deploy/roles.sql
-- Then let web and worker connect as a login that is a member of huduma_app, and keep the owner's login for `migrate`.
-- The application reads and writes everything but the ledger: that it can only add to, by payments_transfer().
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'huduma_app') THEN CREATE ROLE huduma_app NOLOGIN; END IF;
END $$;
GRANT USAGE ON SCHEMA public TO huduma_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO huduma_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO huduma_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO huduma_app;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON
    payments_transfer, payments_ledgerentry, payments_ledgeraccount, payments_period, payments_checkpoint FROM huduma_app;
REVOKE UPDATE, DELETE, TRUNCATE ON journal_entry FROM huduma_app;
