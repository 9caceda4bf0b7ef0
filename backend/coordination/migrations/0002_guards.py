"""What was handed in, added or published stays as it was, whoever writes the rows (P14: a supplement, never an edit)."""

from django.db import migrations

KEEP = """
CREATE FUNCTION coordination_keep_submission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'what was reported is never deleted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.signed_at IS NOT NULL
        OR to_jsonb(NEW) - ARRAY['codes', 'signer_id', 'signer_label', 'signed_at']
            IS DISTINCT FROM to_jsonb(OLD) - ARRAY['codes', 'signer_id', 'signer_label', 'signed_at'] THEN
        RAISE EXCEPTION 'what was reported is frozen' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER coordination_keep BEFORE UPDATE OR DELETE ON coordination_submission
    FOR EACH ROW EXECUTE FUNCTION coordination_keep_submission();

CREATE FUNCTION coordination_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only added to', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER coordination_keep BEFORE UPDATE OR DELETE ON coordination_supplement
    FOR EACH ROW EXECUTE FUNCTION coordination_refuse();
CREATE TRIGGER coordination_keep BEFORE UPDATE OR DELETE ON coordination_supportdecision
    FOR EACH ROW EXECUTE FUNCTION coordination_refuse();
CREATE TRIGGER coordination_keep BEFORE UPDATE OR DELETE ON coordination_monthlyreport
    FOR EACH ROW WHEN (OLD.state = 'accepted') EXECUTE FUNCTION coordination_refuse();
CREATE TRIGGER coordination_keep BEFORE UPDATE OR DELETE ON coordination_bulletin
    FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION coordination_refuse();
"""

UNDO = """
DROP TRIGGER coordination_keep ON coordination_bulletin;
DROP TRIGGER coordination_keep ON coordination_monthlyreport;
DROP TRIGGER coordination_keep ON coordination_supportdecision;
DROP TRIGGER coordination_keep ON coordination_supplement;
DROP FUNCTION coordination_refuse();
DROP TRIGGER coordination_keep ON coordination_submission;
DROP FUNCTION coordination_keep_submission();
"""


class Migration(migrations.Migration):
    dependencies = [("coordination", "0001_initial")]

    operations = [migrations.RunSQL(KEEP, UNDO)]
