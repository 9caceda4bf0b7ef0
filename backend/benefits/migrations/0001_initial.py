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
        ('org', '0001_initial'),
        ('org', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Condolence',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('festival', models.CharField(max_length=40)),
                ('festival_on', models.DateField()),
                ('budget', models.PositiveIntegerField(default=0)),
                ('standards', models.JSONField(default=dict)),
                ('goods', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('freeze_on', models.DateField()),
                ('deliver_from', models.DateField()),
                ('close_on', models.DateField()),
                ('state', models.CharField(choices=[('planning', 'being planned'), ('listing', 'list being checked'), ('locked', 'list locked'), ('delivering', 'being brought'), ('closed', 'accounts closed'), ('dropped', 'not held')], default='planning', max_length=12)),
                ('opened_label', models.CharField(max_length=140)),
                ('approved_label', models.CharField(blank=True, default='', max_length=140)),
                ('locked_at', models.DateTimeField(null=True)),
                ('locked_label', models.CharField(blank=True, default='', max_length=140)),
                ('closed_at', models.DateTimeField(null=True)),
                ('closed_label', models.CharField(blank=True, default='', max_length=140)),
                ('version', models.PositiveIntegerField(default=1)),
                ('programme', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.programme')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'dropped'), _negated=True), fields=('unit', 'festival', 'festival_on', 'programme'), name='condolence_once', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='Gift',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('festival', models.CharField(max_length=40)),
                ('year', models.PositiveSmallIntegerField()),
                ('unit_path', models.CharField(db_collation='C', max_length=200)),
                ('group', models.CharField(blank=True, default='', max_length=12)),
                ('money', models.PositiveIntegerField(default=0)),
                ('goods', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('manner', models.CharField(choices=[('usual', 'visit'), ('quiet', 'quiet visit: no drums, no cameras'), ('phone', 'by telephone; the gift by the known contact')], default='usual', max_length=8)),
                ('visitor_kind', models.CharField(blank=True, default='', max_length=12)),
                ('no_photo', models.BooleanField(default=True)),
                ('avoid_days', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=5), blank=True, default=list, size=None)),
                ('exclusion', models.CharField(blank=True, default='', max_length=16)),
                ('rule', models.CharField(blank=True, default='', max_length=40)),
                ('table_version', models.CharField(blank=True, default='', max_length=16)),
                ('pending', models.CharField(blank=True, choices=[('add', 'to be added'), ('remove', 'to be taken off')], default='', max_length=8)),
                ('pending_label', models.CharField(blank=True, default='', max_length=140)),
                ('change_reason', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('planned_at', models.DateTimeField(null=True)),
                ('visitor', models.CharField(blank=True, default='', max_length=60)),
                ('state', models.CharField(choices=[('listed', 'to be brought'), ('delivered', 'brought'), ('refused', 'refused by the family'), ('undelivered', 'not met'), ('returned', 'put back')], default='listed', max_length=12)),
                ('delivered_on', models.DateField(null=True)),
                ('received_by', models.CharField(blank=True, default='', max_length=12)),
                ('receipt', models.CharField(blank=True, default='', max_length=12)),
                ('proxy', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('photo_agreed', models.BooleanField(default=False)),
                ('undelivered_reason', models.CharField(blank=True, default='', max_length=20)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('recorded_label', models.CharField(blank=True, default='', max_length=140)),
                ('lots', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, size=None)),
                ('version', models.PositiveIntegerField(default=1)),
                ('condolence', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='gifts', to='benefits.condolence')),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gifts', to='cases.family')),
                ('pending_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['condolence', 'unit', 'id'], name='gift_village')],
                'constraints': [models.UniqueConstraint(fields=('condolence', 'family'), name='gift_row_once'), models.UniqueConstraint(condition=models.Q(('exclusion', '')), fields=('family', 'festival', 'year'), name='gift_once')],
            },
        ),
        migrations.CreateModel(
            name='Lot',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('item', models.CharField(max_length=60)),
                ('number', models.CharField(max_length=40)),
                ('expires_on', models.DateField(null=True)),
                ('quantity', models.PositiveIntegerField()),
                ('out', models.PositiveIntegerField(default=0)),
                ('received_label', models.CharField(max_length=140)),
                ('condolence', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='benefits.condolence')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('condolence', 'item', 'number'), name='lot_once'), models.CheckConstraint(condition=models.Q(('out__lte', models.F('quantity'))), name='lot_left')],
            },
        ),
    ]
