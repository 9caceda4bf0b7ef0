"""Tries are only added, like history: by the same trigger function."""

from django.db import migrations

KEEP = """
CREATE TRIGGER reminders_keep_try BEFORE UPDATE OR DELETE ON reminders_try
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("reminders", "0001_initial"), ("audit", "0002_guards")]

    operations = [migrations.RunSQL(KEEP, "DROP TRIGGER reminders_keep_try ON reminders_try")]
