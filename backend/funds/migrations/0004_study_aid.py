import backend.core.crypto
import backend.core.models
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0001_initial'),
        ('funds', '0003_loans'),
        ('org', '0002_the_powers_apart'),
        ('org', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='StudyAidCall',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('school_year', models.PositiveSmallIntegerField()),
                ('closes_on', models.DateField(null=True)),
                ('budget', models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ('primary', models.DecimalField(decimal_places=2, default=0, max_digits=8)),
                ('junior', models.DecimalField(decimal_places=2, default=0, max_digits=8)),
                ('senior', models.DecimalField(decimal_places=2, default=0, max_digits=8)),
                ('college', models.DecimalField(decimal_places=2, default=0, max_digits=8)),
                ('state', models.CharField(choices=[('planning', 'being planned'), ('open', 'open for applications'), ('listed', 'put in order'), ('published', 'made public'), ('paying', 'being paid'), ('reported', 'reported to the donors'), ('nobody', 'nobody aided'), ('dropped', 'not held')], default='planning', max_length=10)),
                ('seed', models.CharField(blank=True, default='', max_length=16)),
                ('table_version', models.CharField(blank=True, default='', max_length=16)),
                ('notice_id', models.UUIDField(null=True)),
                ('publicity_until', models.DateField(null=True)),
                ('objection', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('use_account', models.CharField(blank=True, default='', max_length=1000)),
                ('planned_label', models.CharField(blank=True, default='', max_length=140)),
                ('approved_label', models.CharField(blank=True, default='', max_length=140)),
                ('confirmed_label', models.CharField(blank=True, default='', max_length=140)),
                ('granted_label', models.CharField(blank=True, default='', max_length=140)),
                ('instance_id', models.UUIDField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('approved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('finished_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('granted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('planned_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reported_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'dropped'), _negated=True), fields=('unit', 'school_year'), name='study_aid_call_once'), models.CheckConstraint(condition=models.Q(('approved_by', models.F('planned_by')), _negated=True), name='study_aid_plan_by_two'), models.CheckConstraint(condition=models.Q(models.Q(('confirmed_by', models.F('finished_by')), _negated=True), models.Q(('granted_by', models.F('finished_by')), _negated=True), models.Q(('granted_by', models.F('confirmed_by')), _negated=True)), name='study_aid_granted_by_another')],
            },
        ),
        migrations.CreateModel(
            name='StudyAidApplication',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('unit_path', models.CharField(db_collation='C', max_length=200)),
                ('level', models.CharField(choices=[('primary', 'primary school'), ('junior', 'junior secondary school'), ('senior', 'senior secondary school'), ('vocational', 'vocational school'), ('college', 'college')], max_length=12)),
                ('school', models.CharField(max_length=60)),
                ('school_proof', backend.core.crypto.EncryptedText()),
                ('circumstances', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('paid_to', models.CharField(choices=[('school', 'the school'), ('guardian', 'the guardian')], max_length=8)),
                ('payee_label', models.CharField(max_length=60)),
                ('account_number', backend.core.crypto.EncryptedText()),
                ('state', models.CharField(choices=[('entered', 'to be checked'), ('checked', 'checked'), ('rejected', 'not confirmed'), ('listed', 'on the list'), ('reserve', 'next in line'), ('excluded', 'not aided'), ('owed', 'to be paid'), ('paid', 'received'), ('withdrawn', 'withdrawn')], default='entered', max_length=10)),
                ('entered_label', models.CharField(max_length=140)),
                ('school_confirmed', models.BooleanField(default=False)),
                ('household_confirmed', models.BooleanField(default=False)),
                ('check_note', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('checked_label', models.CharField(blank=True, default='', max_length=140)),
                ('need_score', models.PositiveSmallIntegerField(default=0)),
                ('aid_class', models.PositiveSmallIntegerField(default=0)),
                ('aid_reason', models.CharField(blank=True, default='', max_length=20)),
                ('rank', models.PositiveSmallIntegerField(null=True)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=8, null=True)),
                ('payable_id', models.UUIDField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('checked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('entered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.family')),
                ('guardian', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.person')),
                ('kin', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('pupil', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.person')),
                ('renews', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='funds.studyaidapplication')),
                ('unit', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('call', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='funds.studyaidcall')),
            ],
            options={
                'indexes': [models.Index(fields=['call', 'unit', 'id'], name='study_aid_village')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'withdrawn'), _negated=True), fields=('call', 'pupil'), name='study_aid_once_a_year'), models.CheckConstraint(condition=models.Q(('checked_by', models.F('entered_by')), _negated=True), name='study_aid_checked_by_another'), models.CheckConstraint(condition=models.Q(models.Q(('entered_by', models.F('kin')), _negated=True), models.Q(('checked_by', models.F('kin')), _negated=True)), name='study_aid_no_kin')],
            },
        ),
    ]
