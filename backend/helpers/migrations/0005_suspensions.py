"""Suspended pairings, and until when a background check holds."""

from datetime import timedelta

import backend.core.models
import django.contrib.postgres.constraints
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

CHECK_DAYS = 365


def fill_check_until(apps, schema_editor):
    """Checks on file hold for a year, which is the shipped parameter."""
    helpers = apps.get_model("helpers", "Helper").objects
    helpers.filter(checked_on__isnull=False).update(
        check_until=models.ExpressionWrapper(
            models.F("checked_on") + timedelta(days=CHECK_DAYS), output_field=models.DateField()
        )
    )


class Migration(migrations.Migration):

    dependencies = [
        ('helpers', '0004_succession'),
    ]

    operations = [
        migrations.AddField(
            model_name='helper',
            name='check_until',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.RunPython(fill_check_until, migrations.RunPython.noop),
        migrations.CreateModel(
            name='Suspension',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('from_date', models.DateField()),
                ('to_date', models.DateField(blank=True, null=True)),
                ('reason', models.CharField(max_length=40)),
                ('end_reason', models.CharField(blank=True, default='', max_length=40)),
                ('decided_by_label', models.CharField(blank=True, default='', max_length=120)),
                ('lifted_by_label', models.CharField(blank=True, default='', max_length=120)),
                ('pairing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='suspensions', to='helpers.pairing')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('to_date__isnull', True), ('to_date__gte', models.F('from_date')), _connector='OR'), name='suspension_dates'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('pairing', '='), ('reason', '='), (models.Func(models.F('from_date'), models.F('to_date'), function='daterange'), '&&')], name='suspension_no_overlap')],
            },
        ),
    ]
