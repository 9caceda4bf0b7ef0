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
            name='Sample',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('population', models.CharField(choices=[('families', 'families on file'), ('open_cases', 'open cases'), ('visits', 'visits of a month'), ('closed_cases', 'cases closed in a year')], max_length=20)),
                ('period', models.CharField(blank=True, default='', max_length=7)),
                ('as_of', models.DateTimeField()),
                ('size', models.PositiveSmallIntegerField()),
                ('seed', models.CharField(max_length=64)),
                ('count', models.PositiveIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('ids', models.BinaryField()),
                ('drawn_label', models.CharField(max_length=140)),
                ('drawn_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['unit', 'id'], name='sample_place')],
            },
        ),
        migrations.CreateModel(
            name='SampleRow',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('place', models.PositiveSmallIntegerField()),
                ('member_id', models.UUIDField()),
                ('looked_at', models.DateTimeField(null=True)),
                ('looked_label', models.CharField(blank=True, default='', max_length=140)),
                ('note', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('case', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.family')),
                ('sample', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rows', to='inspection.sample')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('sample', 'place'), name='sample_row_place')],
            },
        ),
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(max_length=40)),
                ('text', backend.core.crypto.EncryptedText()),
                ('state', models.CharField(choices=[('open', 'to be answered'), ('answered', 'to be confirmed by the supervisor'), ('confirmed', 'to be checked by the auditor'), ('closed', 'put right')], default='open', max_length=10)),
                ('due_at', models.DateTimeField()),
                ('raised_label', models.CharField(max_length=140)),
                ('answer', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('evidence', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('answered_at', models.DateTimeField(null=True)),
                ('answered_label', models.CharField(blank=True, default='', max_length=140)),
                ('confirmed_label', models.CharField(blank=True, default='', max_length=140)),
                ('returned', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('rounds', models.PositiveSmallIntegerField(default=0)),
                ('escalated_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='cases.case')),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('raised_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sample_row', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='inspection.samplerow')),
            ],
            options={
                'indexes': [models.Index(fields=['case', 'id'], name='finding_case'), models.Index(condition=models.Q(('state', 'closed'), _negated=True), fields=['due_at'], name='finding_due')],
            },
        ),
    ]
