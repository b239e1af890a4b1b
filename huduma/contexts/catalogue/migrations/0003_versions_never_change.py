"""Published versions, and packages from review on, are never changed: the database itself refuses it."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION catalogue_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a version of a service is never deleted';
    END IF;
    IF (NEW.id, NEW.service_id, NEW.number, NEW.digest, NEW.package, NEW.published_at)
        IS DISTINCT FROM (OLD.id, OLD.service_id, OLD.number, OLD.digest, OLD.package, OLD.published_at)
        OR (OLD.source <> '{}' AND NEW.source IS DISTINCT FROM OLD.source) THEN
        RAISE EXCEPTION 'a published version of a service never changes';
    END IF;
    IF OLD.state <> 'published' AND NEW.state IS DISTINCT FROM OLD.state THEN
        RAISE EXCEPTION 'a version that ended does not come back';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER catalogue_version_never_changes BEFORE UPDATE OR DELETE ON catalogue_serviceversion
    FOR EACH ROW EXECUTE FUNCTION catalogue_refuse_change();

CREATE FUNCTION catalogue_refuse_proposal_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'draft' AND (NEW.service_code, NEW.body_id, NEW.digest, NEW.source, NEW.package)
        IS DISTINCT FROM (OLD.service_code, OLD.body_id, OLD.digest, OLD.source, OLD.package) THEN
        RAISE EXCEPTION 'a package under review is never changed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER catalogue_proposal_never_changes BEFORE UPDATE ON catalogue_proposal
    FOR EACH ROW EXECUTE FUNCTION catalogue_refuse_proposal_change();
"""
BACKWARD = """
DROP TRIGGER catalogue_version_never_changes ON catalogue_serviceversion;
DROP FUNCTION catalogue_refuse_change();
DROP TRIGGER catalogue_proposal_never_changes ON catalogue_proposal;
DROP FUNCTION catalogue_refuse_proposal_change();
"""


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0002_proposals")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
