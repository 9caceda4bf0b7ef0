"""A figure once reported is only supplemented: by the same trigger function as history."""

from django.db import migrations

KEEP = """
CREATE TRIGGER assessment_keep_figure BEFORE UPDATE OR DELETE ON assessment_monthlyfigure
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("assessment", "0001_initial"), ("audit", "0002_guards")]

    operations = [migrations.RunSQL(KEEP, "DROP TRIGGER assessment_keep_figure ON assessment_monthlyfigure")]
