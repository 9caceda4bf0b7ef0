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
        ('ledger', '0001_initial'),
        ('org', '0002_the_powers_apart'),
        ('org', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('programme', models.CharField(blank=True, default='', max_length=40)),
                ('pay_on', models.DateField()),
                ('state', models.CharField(choices=[('drawn', 'drawn up'), ('released', 'with the bank'), ('settled', 'answered in full'), ('dropped', 'not sent')], default='drawn', max_length=10)),
                ('count', models.PositiveIntegerField()),
                ('total', models.DecimalField(decimal_places=2, max_digits=14)),
                ('drawn_label', models.CharField(max_length=140)),
                ('released_label', models.CharField(blank=True, default='', max_length=140)),
                ('released_at', models.DateTimeField(null=True)),
                ('settled_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('drawn_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('released_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('released_by', models.F('drawn_by')), _negated=True), name='batch_by_two'), models.CheckConstraint(condition=models.Q(('state__in', ['drawn', 'dropped']), ('released_by__isnull', False), _connector='OR'), name='batch_released')],
            },
        ),
        migrations.CreateModel(
            name='BatchFile',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(choices=[('order', 'for the bank'), ('answer', 'from the bank')], max_length=10)),
                ('name', models.CharField(max_length=120)),
                ('content', models.BinaryField()),
                ('digest', models.CharField(max_length=64)),
                ('count', models.PositiveIntegerField()),
                ('total', models.DecimalField(decimal_places=2, max_digits=14)),
                ('label', models.CharField(max_length=140)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='payments.batch')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('batch', 'kind', 'digest'), name='batch_file_once')],
            },
        ),
        migrations.CreateModel(
            name='Payable',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('unit_path', models.CharField(db_collation='C', max_length=200)),
                ('payee_label', models.CharField(max_length=60)),
                ('account_number', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('account_tail', models.CharField(blank=True, default='', max_length=4)),
                ('proposed_number', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('proposed_tail', models.CharField(blank=True, default='', max_length=4)),
                ('proposed_label', models.CharField(blank=True, default='', max_length=140)),
                ('identity_check', models.CharField(blank=True, default='', max_length=20)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=14)),
                ('purpose', models.CharField(max_length=40)),
                ('programme', models.CharField(max_length=40)),
                ('period', models.CharField(max_length=20)),
                ('basis', models.CharField(max_length=200)),
                ('is_adjustment', models.BooleanField(default=False)),
                ('reference_kind', models.CharField(max_length=40)),
                ('reference_id', models.CharField(max_length=40)),
                ('key', models.CharField(max_length=160, unique=True)),
                ('due_on', models.DateField(null=True)),
                ('confirmed_by', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ('is_held', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('open', 'waits to be paid'), ('batched', 'in a payment batch'), ('paid', 'arrived in the account'), ('returned', 'not received: returned by the bank'), ('checking', 'not received: new account being checked'), ('cancelled', 'no longer owed')], default='open', max_length=10)),
                ('version', models.PositiveIntegerField(default=1)),
                ('agreed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payables', to='cases.person')),
                ('proposed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('standing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'open')), fields=['unit', 'programme', 'id'], name='payable_open'), models.Index(condition=models.Q(('state__in', ['paid', 'cancelled']), _negated=True), fields=['state', 'id'], name='payable_live'), models.Index(fields=['reference_kind', 'reference_id'], name='payable_reference'), models.Index(fields=['created_at', 'id'], name='payable_age')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='payable_positive'), models.CheckConstraint(condition=models.Q(('agreed_by', models.F('proposed_by')), _negated=True), name='payable_account_by_two')],
            },
        ),
        migrations.CreateModel(
            name='Transfer',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.PositiveIntegerField()),
                ('payee_label', models.CharField(max_length=60)),
                ('account_number', backend.core.crypto.EncryptedText()),
                ('account_tail', models.CharField(max_length=4)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=14)),
                ('state', models.CharField(choices=[('waiting', 'not received yet'), ('paid', 'arrived in the account'), ('returned', 'returned by the bank'), ('dropped', 'taken off the batch')], default='waiting', max_length=10)),
                ('answer', models.CharField(blank=True, default='', max_length=10)),
                ('answered_on', models.DateField(null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=100)),
                ('batch', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='transfers', to='payments.batch')),
                ('payable', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='transfers', to='payments.payable')),
            ],
            options={
                'indexes': [models.Index(fields=['payable', 'id'], name='transfer_payable')],
                'constraints': [models.UniqueConstraint(fields=('batch', 'number'), name='transfer_number'), models.UniqueConstraint(condition=models.Q(('state__in', ['waiting', 'paid'])), fields=('payable',), name='transfer_pays_once')],
            },
        ),
    ]
