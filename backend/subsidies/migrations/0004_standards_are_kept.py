"""Standards are only added: what was paid by one can always be explained. Plain SQL, as in backend/payments."""

from django.db import migrations

KEEP = r"""
CREATE FUNCTION subsidies_keep_standard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'standards are kept: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER subsidies_keep BEFORE UPDATE OR DELETE ON subsidies_standard
    FOR EACH ROW EXECUTE FUNCTION subsidies_keep_standard();
"""


class Migration(migrations.Migration):
    dependencies = [("subsidies", "0003_a_rate_may_hold_on_no_day")]

    operations = [migrations.RunSQL(KEEP, "DROP FUNCTION subsidies_keep_standard() CASCADE;")]
