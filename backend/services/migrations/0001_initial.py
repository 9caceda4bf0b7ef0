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
            name='Entry',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(choices=[('item', 'service'), ('card', 'card'), ('package', 'package')], default='item', max_length=10)),
                ('code', models.CharField(max_length=40)),
                ('name', models.CharField(max_length=80)),
                ('name_en', models.CharField(max_length=80)),
                ('printed_name', models.CharField(blank=True, default='', max_length=80)),
                ('need', models.CharField(blank=True, default='', max_length=40)),
                ('measure', models.CharField(blank=True, default='', max_length=20)),
                ('frequency', models.CharField(default='once', max_length=20)),
                ('quantity', models.PositiveIntegerField(default=1)),
                ('department', models.CharField(blank=True, default='', max_length=40)),
                ('days', models.PositiveSmallIntegerField(default=20)),
                ('months', models.PositiveSmallIntegerField(default=0)),
                ('contents', models.JSONField(blank=True, default=list)),
                ('shares', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None)),
                ('path', models.CharField(blank=True, db_collation='C', default='', max_length=200)),
                ('order', models.PositiveSmallIntegerField(default=0)),
                ('from_date', models.DateField()),
                ('to_date', models.DateField(blank=True, null=True)),
                ('source', models.CharField(blank=True, default='', max_length=200)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('code', 'path', 'from_date'), name='service_entry_once')],
            },
        ),
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('source', models.CharField(choices=[('intake', 'survey'), ('visit', 'visit'), ('emergency', 'emergency'), ('review', 'review of the last plan'), ('office', 'by hand')], max_length=12)),
                ('needs', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None)),
                ('level', models.CharField(blank=True, default='', max_length=12)),
                ('evidence', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('advised', models.JSONField(blank=True, default=list)),
                ('state', models.CharField(choices=[('assessing', 'needs are looked at'), ('proposed', 'to be confirmed by the supervisor'), ('confirmed', 'to be agreed with the family'), ('running', 'under way'), ('closed', 'closed')], default='assessing', max_length=12)),
                ('composed_label', models.CharField(blank=True, default='', max_length=140)),
                ('confirmed_label', models.CharField(blank=True, default='', max_length=140)),
                ('returned', models.CharField(blank=True, default='', max_length=1000)),
                ('asked_on', models.DateField(null=True)),
                ('may_share', models.BooleanField(default=False)),
                ('review_on', models.DateField(null=True)),
                ('effect', models.CharField(blank=True, default='', max_length=12)),
                ('effect_note', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('result', models.CharField(blank=True, default='', max_length=20)),
                ('listed_at', models.DateTimeField(null=True)),
                ('instance_id', models.UUIDField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='plans', to='cases.case')),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='plans', to='cases.family')),
            ],
            options={
                'indexes': [models.Index(fields=['family', 'id'], name='service_plan_family')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'closed'), _negated=True), fields=('case',), name='service_plan_open_once')],
            },
        ),
        migrations.CreateModel(
            name='Card',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('state', models.CharField(choices=[('issued', 'in use'), ('frozen', 'frozen'), ('replaced', 'replaced')], default='issued', max_length=10)),
                ('issued_on', models.DateField()),
                ('expires_on', models.DateField(null=True)),
                ('frozen_at', models.DateTimeField(null=True)),
                ('frozen_because', models.CharField(blank=True, default='', max_length=20)),
                ('version', models.PositiveIntegerField(default=1)),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cards', to='cases.family')),
                ('replaces', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='services.card')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='services.entry')),
                ('plan', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='cards', to='services.plan')),
            ],
            options={
                'indexes': [models.Index(fields=['family', 'id'], name='service_card_family')],
            },
        ),
        migrations.CreateModel(
            name='PlanItem',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('quantity', models.PositiveIntegerField(default=1)),
                ('department', models.CharField(blank=True, default='', max_length=40)),
                ('state', models.CharField(choices=[('planned', 'planned'), ('referred', 'with the department'), ('under_way', 'being given'), ('given', 'given, family to be asked'), ('delivered', 'delivered'), ('partly', 'partly delivered'), ('declined', 'declined'), ('impossible', 'not possible'), ('withdrawn', 'withdrawn')], default='planned', max_length=12)),
                ('due_at', models.DateTimeField(null=True)),
                ('delivered_on', models.DateField(null=True)),
                ('delivered_quantity', models.PositiveIntegerField(null=True)),
                ('evidence', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('delivered_label', models.CharField(blank=True, default='', max_length=140)),
                ('received', models.CharField(blank=True, default='', max_length=12)),
                ('received_by', models.CharField(blank=True, default='', max_length=12)),
                ('listed_at', models.DateTimeField(null=True)),
                ('told_on', models.DateField(null=True)),
                ('told_late_at', models.DateTimeField(null=True)),
                ('instance_id', models.UUIDField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='services.entry')),
                ('package', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='services.entry')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='services.plan')),
            ],
            options={
                'indexes': [models.Index(fields=['plan', 'id'], name='service_item_plan'), models.Index(condition=models.Q(('listed_at__isnull', False)), fields=['listed_at'], name='service_item_listed')],
            },
        ),
        migrations.CreateModel(
            name='Referral',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('round', models.PositiveSmallIntegerField(default=1)),
                ('department', models.CharField(max_length=40)),
                ('co_department', models.CharField(blank=True, default='', max_length=40)),
                ('state', models.CharField(choices=[('sent', 'waits for an answer'), ('accepted', 'accepted'), ('declined', 'declined'), ('delivered', 'given'), ('failed', 'not possible'), ('withdrawn', 'withdrawn')], default='sent', max_length=10)),
                ('answer_by', models.DateTimeField()),
                ('late_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=40)),
                ('note', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('answered_label', models.CharField(blank=True, default='', max_length=140)),
                ('answered_at', models.DateTimeField(null=True)),
                ('shared_fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None)),
                ('shared', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('shared_until', models.DateTimeField(null=True)),
                ('opened_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='referrals', to='cases.case')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='referrals', to='services.planitem')),
                ('opened_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='referrals', to='org.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['case', 'id'], name='service_referral_case'), models.Index(fields=['unit', 'id'], name='service_referral_unit')],
            },
        ),
    ]
