import backend.core.models
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('cases', '0001_initial'),
        ('org', '0001_initial'),
        ('org', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Process',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('key', models.CharField(max_length=60)),
                ('number', models.PositiveIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=120)),
                ('name_en', models.CharField(max_length=120)),
                ('files', models.JSONField()),
                ('deployed_by', models.CharField(default='', max_length=120)),
                ('is_active', models.BooleanField(default=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('key', 'number'), name='process_version'), models.UniqueConstraint(fields=('key', 'digest'), name='process_content')],
            },
        ),
        migrations.CreateModel(
            name='Instance',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('parent_id', models.UUIDField(null=True)),
                ('state', models.CharField(choices=[('running', 'running'), ('done', 'done'), ('cancelled', 'cancelled')], default='running', max_length=10)),
                ('outcome', models.CharField(blank=True, default='', max_length=60)),
                ('data', models.BinaryField()),
                ('wake_at', models.DateTimeField(null=True)),
                ('paused_at', models.DateTimeField(null=True)),
                ('stood_still', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), default=list, size=None)),
                ('ended_at', models.DateTimeField(null=True)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('error', models.CharField(blank=True, default='', max_length=400)),
                ('version', models.PositiveIntegerField(default=1)),
                ('case', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='instances', to='cases.case')),
                ('process', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='instances', to='workflows.process')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'running'), ('wake_at__isnull', False)), fields=['wake_at'], name='instance_wake'), models.Index(fields=['case', 'state'], name='instance_case'), models.Index(fields=['process', 'state'], name='instance_process')],
            },
        ),
        migrations.CreateModel(
            name='Trace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('node', models.CharField(max_length=80)),
                ('kind', models.CharField(max_length=30)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.CharField(blank=True, default='', max_length=120)),
                ('by_id', models.UUIDField(null=True)),
                ('outcome', models.CharField(blank=True, default='', max_length=60)),
                ('instance', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='trace', to='workflows.instance')),
            ],
            options={
                'indexes': [models.Index(fields=['instance', 'at'], name='trace_instance')],
            },
        ),
        migrations.CreateModel(
            name='WorkItem',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('token', models.CharField(max_length=64)),
                ('process', models.CharField(max_length=60)),
                ('step', models.CharField(max_length=80)),
                ('title', models.CharField(max_length=120)),
                ('title_en', models.CharField(max_length=120)),
                ('form', models.CharField(max_length=60)),
                ('role', models.CharField(max_length=20)),
                ('unit_path', models.CharField(db_collation='C', max_length=200)),
                ('case_number', models.CharField(blank=True, default='', max_length=40)),
                ('family_label', models.CharField(blank=True, default='', max_length=60)),
                ('search', models.TextField(blank=True, default='')),
                ('state', models.CharField(choices=[('open', 'open'), ('done', 'done'), ('cancelled', 'cancelled')], default='open', max_length=10)),
                ('priority', models.PositiveSmallIntegerField(default=50)),
                ('due_at', models.DateTimeField()),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('postponed_until', models.DateTimeField(blank=True, null=True)),
                ('postpone_reason', models.CharField(blank=True, default='', max_length=400)),
                ('excluded', models.JSONField(default=list)),
                ('closed_to', models.UUIDField(blank=True, null=True)),
                ('draft', models.BinaryField(null=True)),
                ('draft_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, default='', max_length=60)),
                ('completed_label', models.CharField(blank=True, default='', max_length=120)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('assignee', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='work_items', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='work_items', to='cases.case')),
                ('completed_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('family', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='work_items', to='cases.family')),
                ('instance', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='work_items', to='workflows.instance')),
                ('unit', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='work_items', to='org.unit')),
            ],
            options={
                'indexes': [models.Index(django.db.models.functions.text.Left('unit_path', 9), models.F('state'), models.F('due_at'), models.F('id'), name='work_item_county'), models.Index(django.db.models.functions.text.Left('unit_path', 13), models.F('state'), models.F('due_at'), models.F('id'), name='work_item_town'), models.Index(django.db.models.functions.text.Left('unit_path', 17), models.F('state'), models.F('due_at'), models.F('id'), name='work_item_village'), models.Index(fields=['state', 'due_at', 'id'], name='work_item_due'), models.Index(condition=models.Q(('state', 'open')), fields=['unit_path'], name='work_item_place'), models.Index(fields=['assignee', 'state', 'due_at', 'id'], name='work_item_mine'), models.Index(condition=models.Q(('state', 'open')), fields=['unit', 'role', 'due_at', 'id'], name='work_item_queue'), models.Index(condition=models.Q(('state', 'open')), fields=['step', 'due_at', 'id'], name='work_item_step'), models.Index(condition=models.Q(('state', 'open')), fields=['priority', 'id'], name='work_item_priority'), models.Index(condition=models.Q(('state', 'open')), fields=['created_at', 'id'], name='work_item_created'), models.Index(fields=['case', 'id'], name='work_item_case'), models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['ended_at'], name='work_item_ended'), models.Index(fields=['family', 'id'], name='work_item_family'), django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(models.F('search'), 'gin_trgm_ops'), condition=models.Q(('state', 'open')), name='work_item_search')],
                'constraints': [models.UniqueConstraint(fields=('instance', 'token'), name='work_item_token')],
            },
        ),
    ]
