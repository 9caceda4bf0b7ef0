import backend.core.models
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('org', '0002_the_powers_apart'),
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(choices=[('donor', 'donor'), ('budget_line', 'budget line'), ('fund', 'fund'), ('stock', 'goods in stock'), ('given', 'given away'), ('obligation', 'owed to people'), ('paid', 'paid out'), ('returned', 'returned by the bank'), ('loan', 'lent'), ('receivable', 'to be paid back'), ('recovered', 'paid back'), ('written_off', 'written off')], max_length=12)),
                ('code', models.CharField(max_length=60)),
                ('holder', models.UUIDField(null=True)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('unit', 'kind', 'code', 'holder'), name='account_once', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(max_length=30)),
                ('on', models.DateField()),
                ('reference_kind', models.CharField(max_length=40)),
                ('reference_id', models.CharField(max_length=40)),
                ('basis', models.CharField(max_length=200)),
                ('reason', models.CharField(blank=True, default='', max_length=400)),
                ('key', models.CharField(max_length=120, unique=True)),
                ('size', models.PositiveSmallIntegerField()),
                ('actor_id', models.UUIDField(null=True)),
                ('actor_label', models.CharField(max_length=140)),
                ('reverses', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversal', to='ledger.entry')),
                ('unit', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['unit', 'on', 'id'], name='entry_place'), models.Index(fields=['reference_kind', 'reference_id'], name='entry_reference')],
                'constraints': [models.CheckConstraint(condition=models.Q(('size__gte', 2)), name='entry_size')],
            },
        ),
        migrations.CreateModel(
            name='EntryLine',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=14)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='ledger.account')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='ledger.entry')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='entry_line_moves')],
            },
        ),
    ]
