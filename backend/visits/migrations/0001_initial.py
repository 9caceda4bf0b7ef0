import backend.core.crypto
import backend.core.models
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('cases', '0001_initial'),
        ('helpers', '0001_initial'),
        ('org', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('state', models.CharField(choices=[('planned', 'planned'), ('done', 'visited'), ('not_met', 'nobody met'), ('refused', 'refused'), ('missed', 'missed'), ('held', 'recorded too late, waits for the supervisor'), ('cancelled', 'cancelled')], default='planned', max_length=10)),
                ('planned_for', models.DateField(blank=True, null=True)),
                ('opens_at', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('missed_at', models.DateTimeField(blank=True, null=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('channel', models.CharField(default='home', max_length=12)),
                ('answers', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('is_shared', models.BooleanField(default=False)),
                ('red_flags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), blank=True, default=list, size=None)),
                ('next_on', models.DateField(blank=True, null=True)),
                ('device_at', models.DateTimeField(blank=True, null=True)),
                ('recorded_at', models.DateTimeField(blank=True, null=True)),
                ('recorded_by_label', models.CharField(blank=True, default='', max_length=120)),
                ('is_late', models.BooleanField(default=False)),
                ('late_reason', models.CharField(blank=True, default='', max_length=400)),
                ('is_extra', models.BooleanField(default=False)),
                ('is_sampled', models.BooleanField(default=False)),
                ('instance_id', models.UUIDField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('amended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='cases.case')),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='cases.family')),
                ('helper', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='helpers.helper')),
                ('pairing', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='helpers.pairing')),
                ('recorded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('replaced_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaces', to='visits.visit')),
            ],
            options={
                'indexes': [models.Index(fields=['family', 'id'], name='visit_family'), models.Index(fields=['helper', 'state', 'due_at'], name='visit_helper'), models.Index(condition=models.Q(('state', 'planned')), fields=['due_at'], name='visit_due'), models.Index(fields=['planned_for'], name='visit_planned'), models.Index(condition=models.Q(('red_flags', []), _negated=True), fields=['recorded_at'], name='visit_flagged')],
            },
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('state', models.CharField(choices=[('stored', 'taken over'), ('conflict', 'says something else than the record'), ('decided', 'decided by a person')], max_length=10)),
                ('based_on', models.PositiveIntegerField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(blank=True, null=True)),
                ('answers', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('sent_by_label', models.CharField(default='', max_length=120)),
                ('device_at', models.DateTimeField(blank=True, null=True)),
                ('decided_by_label', models.CharField(blank=True, default='', max_length=120)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sent_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='visits.visit')),
            ],
            options={
                'indexes': [models.Index(fields=['sent_by', 'id'], name='submission_sender'), models.Index(condition=models.Q(('state', 'conflict')), fields=['id'], name='submission_conflict')],
            },
        ),
        migrations.CreateModel(
            name='Photo',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('content', models.BinaryField(blank=True, default=b'')),
                ('digest', models.CharField(max_length=64)),
                ('size', models.PositiveIntegerField()),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('sent_by_label', models.CharField(default='', max_length=120)),
                ('device_at', models.DateTimeField(blank=True, null=True)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('sent_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='photos', to='visits.visit')),
            ],
            options={
                'indexes': [models.Index(fields=['visit', 'id'], name='photo_visit')],
            },
        ),
        migrations.CreateModel(
            name='FollowUp',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(max_length=20)),
                ('result', models.CharField(max_length=20)),
                ('answers', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('done_by_label', models.CharField(blank=True, default='', max_length=120)),
                ('done_at', models.DateTimeField()),
                ('done_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='follow_ups', to='visits.visit')),
            ],
            options={
                'abstract': False,
            },
        ),
    ]
