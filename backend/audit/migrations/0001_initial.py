import backend.core.models
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('key', models.CharField(max_length=40)),
                ('body', models.TextField()),
                ('previous', models.BinaryField(max_length=32)),
                ('mac', models.BinaryField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name='Chain',
            fields=[
                ('name', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('length', models.BigIntegerField()),
                ('previous', models.BinaryField(default=b'', max_length=32)),
                ('head', models.BinaryField(max_length=32)),
                ('sealed', models.BooleanField(default=False)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('sealed', False)), fields=['name'], name='chain_unsealed')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('chain', models.CharField(max_length=80)),
                ('seq', models.BigIntegerField(default=0)),
                ('at', models.DateTimeField()),
                ('action', models.CharField(max_length=60)),
                ('actor_id', models.UUIDField(null=True)),
                ('actor', models.CharField(max_length=140)),
                ('role', models.CharField(default='', max_length=20)),
                ('unit_id', models.UUIDField(null=True)),
                ('unit', models.CharField(default='', max_length=120)),
                ('unit_path', models.CharField(db_collation='C', default='', max_length=200)),
                ('case_id', models.UUIDField(null=True)),
                ('family_id', models.UUIDField(null=True)),
                ('object_kind', models.CharField(default='', max_length=40)),
                ('object_id', models.CharField(default='', max_length=40)),
                ('object_label', models.CharField(default='', max_length=200)),
                ('reason', models.CharField(default='', max_length=1000)),
                ('data', models.JSONField(default=dict)),
                ('request_id', models.CharField(default='', max_length=64)),
                ('body', models.TextField()),
                ('previous', models.BinaryField(default=b'', max_length=32)),
                ('digest', models.BinaryField(default=b'', max_length=32)),
            ],
            options={
                'indexes': [models.Index(fields=['case_id', 'at', 'id'], name='event_case'), models.Index(fields=['family_id', 'at', 'id'], name='event_family'), models.Index(fields=['actor_id', 'at'], name='event_actor'), models.Index(fields=['action', 'at'], name='event_action'), models.Index(fields=['at', 'id'], name='event_time')],
                'constraints': [models.UniqueConstraint(fields=('chain', 'seq'), name='event_place')],
            },
        ),
    ]
