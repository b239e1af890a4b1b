"""Only drafts change, and nobody reviews what they wrote: the database itself refuses it."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION knowledge_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a version of an article is never deleted';
    END IF;
    IF OLD.state <> 'draft' AND
        (NEW.article_id, NEW.number, NEW.title_en, NEW.title_sw, NEW.text_en, NEW.text_sw, NEW.is_public, NEW.services, NEW.authors)
        IS DISTINCT FROM
        (OLD.article_id, OLD.number, OLD.title_en, OLD.title_sw, OLD.text_en, OLD.text_sw, OLD.is_public, OLD.services, OLD.authors) THEN
        RAISE EXCEPTION 'only drafts of an article change';
    END IF;
    IF NEW.reviewed_by = ANY (NEW.authors) THEN
        RAISE EXCEPTION 'nobody reviews what they wrote';
    END IF;
    IF OLD.state IN ('published', 'withdrawn', 'discarded') AND NEW.state <> OLD.state
        AND NOT (OLD.state = 'published' AND NEW.state = 'withdrawn') THEN
        RAISE EXCEPTION 'a version that counted does not go back';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER knowledge_only_drafts_change BEFORE UPDATE OR DELETE ON knowledge_version
    FOR EACH ROW EXECUTE FUNCTION knowledge_refuse_change();
"""
BACKWARD = """
DROP TRIGGER knowledge_only_drafts_change ON knowledge_version;
DROP FUNCTION knowledge_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
