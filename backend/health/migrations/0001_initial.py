import backend.core.models
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('cases', '0001_initial'),
        ('org', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='HealthService',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=20, unique=True)),
                ('kind', models.CharField(blank=True, choices=[('pre_conception', 'check before a pregnancy'), ('folic_acid', 'folic acid'), ('infertility', 'help for a wished-for child'), ('womens_check', "women's health check"), ('hospital_visit', 'a hospital visit in company'), ('child_file', 'child development file'), ('doctor_contract', "family doctor's contract")], default='', max_length=20)),
                ('residence_months', models.PositiveSmallIntegerField(default=0)),
                ('planning', models.BooleanField(default=False)),
                ('had_before', models.BooleanField(default=False)),
                ('company', models.BooleanField(default=False)),
                ('voucher', models.CharField(blank=True, default='', max_length=10)),
                ('green', models.PositiveSmallIntegerField(default=0)),
                ('expires_at', models.DateTimeField(null=True)),
                ('appointment_at', models.DateTimeField(null=True)),
                ('company_by', models.CharField(blank=True, default='', max_length=10)),
                ('attended', models.BooleanField(default=False)),
                ('returned', models.BooleanField(default=False)),
                ('follow_up', models.BooleanField(default=False)),
                ('counselling', models.CharField(blank=True, default='', max_length=10)),
                ('handed_out', models.PositiveSmallIntegerField(default=0)),
                ('discount', models.BooleanField(default=False)),
                ('link', models.CharField(blank=True, default='', max_length=40)),
                ('doctor', models.CharField(blank=True, default='', max_length=60)),
                ('contract_from', models.DateField(null=True)),
                ('contract_to', models.DateField(null=True)),
                ('decided_label', models.CharField(blank=True, default='', max_length=140)),
                ('override_reason', models.CharField(blank=True, default='', max_length=20)),
                ('instance_id', models.UUIDField(null=True)),
                ('outcome', models.CharField(blank=True, choices=[('attended', 'attended'), ('treated', 'completed'), ('registered', 'entered'), ('not_eligible', 'not eligible'), ('expired', 'expired'), ('declined', 'declined')], default='', max_length=12)),
                ('closed_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('hospital', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='health_services', to='cases.person')),
                ('place', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='HealthConsent',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('notice_version', models.CharField(max_length=20)),
                ('items', models.JSONField(default=list)),
                ('given_by', models.CharField(max_length=10)),
                ('given_on', models.DateField()),
                ('proof', models.CharField(max_length=20)),
                ('service', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='consent', to='health.healthservice')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='HealthSupply',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('bottles', models.PositiveSmallIntegerField()),
                ('handed_out_on', models.DateField()),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='supplies', to='health.healthservice')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='HealthCount',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('month', models.DateField()),
                ('what', models.CharField(max_length=20)),
                ('number', models.PositiveIntegerField(default=0)),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['office', 'month'], name='health_count_office')],
                'constraints': [models.UniqueConstraint(fields=('site', 'month', 'what'), name='health_count_once'), models.CheckConstraint(condition=models.Q(('number__gte', 0)), name='health_count_not_negative')],
            },
        ),
    ]
