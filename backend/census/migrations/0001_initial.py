import backend.core.crypto
import backend.core.models
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
            name='SurveyRound',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('year', models.PositiveSmallIntegerField()),
                ('opens_on', models.DateField()),
                ('warn_on', models.DateField()),
                ('closes_on', models.DateField()),
                ('threshold', models.PositiveSmallIntegerField(default=95)),
                ('state', models.CharField(choices=[('open', 'being surveyed'), ('closed', 'survey closed')], default='open', max_length=8)),
                ('opened_label', models.CharField(max_length=140)),
                ('measure', models.CharField(blank=True, default='', max_length=20)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('closed_label', models.CharField(blank=True, default='', max_length=140)),
                ('figures', models.JSONField(blank=True, default=dict)),
                ('version', models.PositiveIntegerField(default=1)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='survey_rounds', to='org.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('unit', 'year'), name='survey_round_once')],
            },
        ),
        migrations.CreateModel(
            name='SurveyTarget',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('unit_path', models.CharField(db_collation='C', max_length=200)),
                ('first', models.BooleanField(default=False)),
                ('by_contact', models.BooleanField(default=False)),
                ('instance_id', models.UUIDField(blank=True, null=True)),
                ('state', models.CharField(choices=[('todo', 'to do'), ('surveyed', 'surveyed'), ('refused', 'refused'), ('moved', 'moved away'), ('not_found', 'not found'), ('not_reached', 'could not be reached'), ('left_out', 'left out')], default='todo', max_length=12)),
                ('reason', models.CharField(blank=True, default='', max_length=20)),
                ('note', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('settled_label', models.CharField(blank=True, default='', max_length=140)),
                ('version', models.PositiveIntegerField(default=1)),
                ('case', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('contact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='survey_targets', to='cases.family')),
                ('round', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='targets', to='census.surveyround')),
                ('settled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.survey')),
            ],
            options={
                'indexes': [models.Index(fields=['round', 'state', 'id'], name='survey_target_round'), models.Index(fields=['unit_path', 'id'], name='survey_target_place')],
                'constraints': [models.UniqueConstraint(fields=('round', 'family'), name='survey_target_once')],
            },
        ),
    ]
