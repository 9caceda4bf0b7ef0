import backend.core.crypto
import backend.core.models
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0001_initial'),
        ('funds', '0002_stock_guards'),
        ('org', '0002_the_powers_apart'),
        ('org', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Loan',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('unit_path', models.CharField(db_collation='C', max_length=200)),
                ('project', models.CharField(max_length=20)),
                ('purpose', backend.core.crypto.EncryptedText()),
                ('asked', models.DecimalField(decimal_places=2, max_digits=10)),
                ('referral_id', models.UUIDField(null=True)),
                ('asked_label', models.CharField(max_length=140)),
                ('state', models.CharField(choices=[('asked', 'asked for'), ('recommended', 'recommended by the village'), ('guaranteed', 'stood for by the village'), ('agreed', 'agreed to by the county'), ('signed', 'signed, to be paid'), ('running', 'being repaid'), ('repaid', 'repaid'), ('written_off', 'written off'), ('refused', 'not granted'), ('withdrawn', 'withdrawn by the family')], default='asked', max_length=12)),
                ('reason', models.CharField(blank=True, default='', max_length=400)),
                ('training_done', models.BooleanField(default=False)),
                ('trained_on', models.DateField(null=True)),
                ('existing_debt', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('recommended_label', models.CharField(blank=True, default='', max_length=140)),
                ('guarantor_kind', models.CharField(default='none', max_length=12)),
                ('guarantor', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('village_rating', models.CharField(blank=True, default='', max_length=1)),
                ('votes_for', models.PositiveSmallIntegerField(null=True)),
                ('votes_against', models.PositiveSmallIntegerField(null=True)),
                ('recused', models.PositiveSmallIntegerField(null=True)),
                ('guaranteed_label', models.CharField(blank=True, default='', max_length=140)),
                ('advice', models.CharField(blank=True, default='', max_length=12)),
                ('advice_reason', models.CharField(blank=True, default='', max_length=20)),
                ('advised', models.DecimalField(decimal_places=2, max_digits=10, null=True)),
                ('advised_months', models.PositiveSmallIntegerField(null=True)),
                ('principal', models.DecimalField(decimal_places=2, max_digits=10, null=True)),
                ('months', models.PositiveSmallIntegerField(null=True)),
                ('count', models.PositiveSmallIntegerField(null=True)),
                ('interest', models.PositiveSmallIntegerField(default=0)),
                ('decided_label', models.CharField(blank=True, default='', max_length=140)),
                ('contract_number', models.CharField(blank=True, default='', max_length=60)),
                ('signed_on', models.DateField(null=True)),
                ('first_due_on', models.DateField(null=True)),
                ('signed_label', models.CharField(blank=True, default='', max_length=140)),
                ('payable_id', models.UUIDField(null=True)),
                ('paid_on', models.DateField(null=True)),
                ('hardship', models.BooleanField(default=False)),
                ('proposed_first_due_on', models.DateField(null=True)),
                ('proposed_count', models.PositiveSmallIntegerField(null=True)),
                ('proposal_reason', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('instance_id', models.UUIDField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('borrower', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.person')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.family')),
                ('guaranteed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('kin', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('recommended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('restructured_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('signed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['unit_path', 'id'], name='loan_place')],
                'constraints': [models.CheckConstraint(condition=models.Q(('guaranteed_by', models.F('recommended_by')), _negated=True), name='loan_stood_for_by_another'), models.CheckConstraint(condition=models.Q(models.Q(('decided_by', models.F('recommended_by')), _negated=True), models.Q(('decided_by', models.F('guaranteed_by')), _negated=True)), name='loan_decided_by_another'), models.CheckConstraint(condition=models.Q(('signed_by', models.F('decided_by')), _negated=True), name='loan_signed_by_another'), models.CheckConstraint(condition=models.Q(('restructured_by', models.F('proposed_by')), _negated=True), name='loan_restructured_by_another'), models.CheckConstraint(condition=models.Q(('principal__isnull', True), models.Q(('principal__gt', 0), ('principal__lte', models.F('asked'))), _connector='OR'), name='loan_principal'), models.UniqueConstraint(condition=models.Q(('state__in', ['repaid', 'written_off', 'refused', 'withdrawn']), _negated=True), fields=('family',), name='loan_one_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Instalment',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('plan', models.PositiveSmallIntegerField()),
                ('number', models.PositiveSmallIntegerField()),
                ('due_on', models.DateField()),
                ('principal', models.DecimalField(decimal_places=2, max_digits=10)),
                ('interest', models.DecimalField(decimal_places=2, max_digits=10)),
                ('paid_principal', models.DecimalField(decimal_places=2, default=0, max_digits=10)),
                ('paid_interest', models.DecimalField(decimal_places=2, default=0, max_digits=10)),
                ('state', models.CharField(choices=[('open', 'to be paid'), ('paid', 'paid'), ('replaced', 'replaced by another plan')], default='open', max_length=8)),
                ('rung', models.PositiveSmallIntegerField(default=0)),
                ('loan', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='instalments', to='funds.loan')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('loan', 'plan', 'number'), name='instalment_once'), models.CheckConstraint(condition=models.Q(('paid_interest__lte', models.F('interest')), ('paid_principal__lte', models.F('principal'))), name='instalment_not_overpaid')],
            },
        ),
        migrations.CreateModel(
            name='LoanCheck',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('month', models.PositiveSmallIntegerField()),
                ('due_on', models.DateField()),
                ('done_on', models.DateField(null=True)),
                ('use', models.CharField(blank=True, default='', max_length=12)),
                ('needs_help', models.BooleanField(default=False)),
                ('note', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('checked_label', models.CharField(blank=True, default='', max_length=140)),
                ('checked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('loan', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='funds.loan')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('loan', 'month'), name='loan_check_once')],
            },
        ),
        migrations.CreateModel(
            name='Repayment',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=10)),
                ('on', models.DateField()),
                ('receipt_number', models.CharField(max_length=40)),
                ('entry_id', models.UUIDField()),
                ('recorded_label', models.CharField(max_length=140)),
                ('loan', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='repayments', to='funds.loan')),
                ('recorded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('loan', 'receipt_number'), name='repayment_once'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='repayment_positive')],
            },
        ),
    ]
