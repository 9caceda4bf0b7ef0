"""Batches and their proposals; the shortlists of searches under way become proposals."""

import backend.core.models
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from typing import Any

from django.conf import settings
from django.db import migrations, models


def carry_over(apps: Any, schema_editor: Any) -> None:
    """Each case's shortlist as a batch of its own."""
    candidate, batch, proposal = (apps.get_model("helpers", name) for name in ("Candidate", "Batch", "Proposal"))
    made: dict[Any, Any] = {}
    for row in candidate.objects.select_related("case").order_by("case_id", "place"):
        kept = made.get(row.case_id)
        if kept is None:
            kept = made[row.case_id] = batch.objects.create(
                scope="shortlist", unit_id=row.case.unit_id, case_id=row.case_id, state="done", day=row.created_at.date(),
                families=1, served=1, created_at=row.created_at, done_at=row.created_at,
            )  # fmt: skip
        proposal.objects.create(
            batch=kept, case_id=row.case_id, helper_id=row.helper_id, place=row.place, score=row.score, parts=row.parts,
            reasons=row.reasons, created_at=row.created_at,
        )  # fmt: skip


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0007_wanted_sex'),
        ('helpers', '0008_rotations'),
        ('org', '0003_sessions_ended'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('scope', models.CharField(choices=[('shortlist', 'one family'), ('area', 'an area'), ('helpers', "a unit's helpers")], max_length=10)),
                ('state', models.CharField(choices=[('waiting', 'being worked out'), ('done', 'worked out')], default='waiting', max_length=10)),
                ('day', models.DateField()),
                ('seed', models.BigIntegerField(default=0)),
                ('digest', models.BinaryField(default=b'', max_length=32)),
                ('inputs', models.BinaryField(default=b'')),
                ('program', models.CharField(blank=True, default='', max_length=120)),
                ('families', models.PositiveIntegerField(default=0)),
                ('helpers', models.PositiveIntegerField(default=0)),
                ('served', models.PositiveIntegerField(default=0)),
                ('left_out', models.JSONField(blank=True, default=dict)),
                ('actor', models.JSONField(default=dict)),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('case', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='shortlists', to='cases.case')),
                ('partner_unit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='org.unit')),
            ],
        ),
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('place', models.PositiveIntegerField()),
                ('score', models.PositiveSmallIntegerField(default=0)),
                ('parts', models.JSONField(default=dict)),
                ('reasons', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), default=list, size=None)),
                ('nobody_because', models.CharField(blank=True, default='', max_length=20)),
                ('weighed', models.PositiveIntegerField(default=0)),
                ('left_out', models.JSONField(blank=True, default=dict)),
                ('state', models.CharField(choices=[('open', 'proposed'), ('accepted', 'to be asked'), ('offered', 'asked'), ('passed', 'no longer possible')], default='open', max_length=10)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='helpers.batch')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='cases.case')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('helper', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='helpers.helper')),
                ('offer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='helpers.offer')),
            ],
        ),
        migrations.AddIndex(
            model_name='batch',
            index=models.Index(fields=['case', 'id'], name='batch_case'),
        ),
        migrations.AddIndex(
            model_name='proposal',
            index=models.Index(fields=['case', 'helper'], name='proposal_case'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.UniqueConstraint(fields=('batch', 'place'), name='proposal_place_once'),
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.DeleteModel(
            name='Candidate',
        ),
    ]
