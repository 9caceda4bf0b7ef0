"""An exit keeps what it cancelled; of those there are, history tells it: the reason of each is the exit's number."""

from django.db import migrations, models

TOLD = """
UPDATE subsidies_exit AS ended SET cancelled = told.ids
FROM (
    SELECT event.reason, jsonb_agg(event.object_id ORDER BY event.at, event.id) AS ids
    FROM audit_event AS event JOIN subsidies_exit AS known ON known.number = event.reason
    WHERE event.action = 'payable.cancelled'
    GROUP BY event.reason
) AS told
WHERE told.reason = ended.number
"""


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0002_guards'),
        ('subsidies', '0005_sums_tell_their_months'),
    ]

    operations = [
        migrations.AddField(
            model_name='exit',
            name='cancelled',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.RunSQL(TOLD, migrations.RunSQL.noop),
    ]
