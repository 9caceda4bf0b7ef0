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
        ('inspection', '0001_initial'),
        ('org', '0002_the_powers_apart'),
        ('org', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Assessment',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('year', models.PositiveSmallIntegerField()),
                ('state', models.CharField(choices=[('agreeing', 'targets are being agreed'), ('running', 'under way'), ('inspecting', 'mid-year inspection'), ('self_scoring', 'to be scored by the unit itself'), ('checking', 'to be checked by another township'), ('deciding', 'result to be signed'), ('told', 'result told, may be appealed'), ('appealed', 'appealed'), ('archived', 'archived')], default='agreeing', max_length=14)),
                ('drawn_up_label', models.CharField(blank=True, default='', max_length=140)),
                ('signed_label', models.CharField(blank=True, default='', max_length=140)),
                ('signed_at', models.DateTimeField(null=True)),
                ('returned', models.CharField(blank=True, default='', max_length=400)),
                ('inspected_label', models.CharField(blank=True, default='', max_length=140)),
                ('inspected_at', models.DateTimeField(null=True)),
                ('inspection_note', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('self_scored_label', models.CharField(blank=True, default='', max_length=140)),
                ('statement', models.CharField(blank=True, default='', max_length=2000)),
                ('checked_label', models.CharField(blank=True, default='', max_length=140)),
                ('check_opinion', models.CharField(blank=True, default='', max_length=2000)),
                ('score', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('bonus', models.DecimalField(decimal_places=2, default=0, max_digits=4)),
                ('veto_reasons', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None)),
                ('veto_label', models.CharField(blank=True, default='', max_length=140)),
                ('is_vetoed', models.BooleanField(default=False)),
                ('override', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('override_reason', models.CharField(blank=True, default='', max_length=400)),
                ('decided_label', models.CharField(blank=True, default='', max_length=140)),
                ('second_label', models.CharField(blank=True, default='', max_length=140)),
                ('result', models.CharField(blank=True, choices=[('excellent', 'excellent'), ('pass', 'passed'), ('fail', 'not passed'), ('veto', 'vetoed')], default='', max_length=10)),
                ('told_at', models.DateTimeField(null=True)),
                ('appeal_until', models.DateTimeField(null=True)),
                ('appeal', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('appealed_label', models.CharField(blank=True, default='', max_length=140)),
                ('appeal_answer', models.CharField(blank=True, default='', max_length=1000)),
                ('archived_at', models.DateTimeField(null=True)),
                ('instance_id', models.UUIDField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('appeal_decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('checked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('checker', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('drawn_up_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('files_sample', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inspection.sample')),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('sampled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('second_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('self_scored_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('signed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('veto_confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('visits_sample', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inspection.sample')),
            ],
            options={
                'indexes': [models.Index(fields=['office', 'year'], name='assessment_office')],
                'constraints': [models.UniqueConstraint(fields=('unit', 'year'), name='assessment_once'), models.CheckConstraint(condition=models.Q(('checker', models.F('unit')), _negated=True), name='assessment_checked_elsewhere'), models.CheckConstraint(condition=models.Q(('signed_by', models.F('drawn_up_by')), _negated=True), name='assessment_two_parties'), models.CheckConstraint(condition=models.Q(('checked_by', models.F('self_scored_by')), _negated=True), name='assessment_checked_by_another'), models.CheckConstraint(condition=models.Q(models.Q(('decided_by', models.F('self_scored_by')), _negated=True), models.Q(('decided_by', models.F('checked_by')), _negated=True)), name='assessment_decided_by_a_third'), models.CheckConstraint(condition=models.Q(('second_by', models.F('decided_by')), _negated=True), name='assessment_two_signatures'), models.CheckConstraint(condition=models.Q(('appeal_decided_by', models.F('decided_by')), _negated=True), name='assessment_appeal_heard_by_another'), models.CheckConstraint(condition=models.Q(('sampled_by', models.F('self_scored_by')), _negated=True), name='assessment_samples_elsewhere'), models.CheckConstraint(condition=models.Q(('is_vetoed', False), ('veto_confirmed_by__isnull', False), _connector='OR'), name='assessment_veto_is_signed')],
            },
        ),
        migrations.CreateModel(
            name='CallBack',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('answer', models.CharField(choices=[('confirmed', 'it was so'), ('doubtful', 'it was not so'), ('not_reached', 'nobody reached'), ('declined', 'would rather not say')], max_length=12)),
                ('satisfied', models.BooleanField(null=True)),
                ('recorded_by_id', models.UUIDField(null=True)),
                ('called_label', models.CharField(max_length=140)),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='call_backs', to='assessment.assessment')),
                ('called_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('row', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='call_back', to='inspection.samplerow')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('called_by', models.F('recorded_by_id')), _negated=True), name='call_back_by_somebody_else')],
            },
        ),
        migrations.CreateModel(
            name='Line',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('indicator', models.CharField(max_length=40)),
                ('target', models.DecimalField(decimal_places=2, max_digits=9)),
                ('weight', models.PositiveSmallIntegerField()),
                ('hits', models.PositiveIntegerField(null=True)),
                ('of', models.PositiveIntegerField(null=True)),
                ('value', models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ('points', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('self_points', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('self_note', models.CharField(blank=True, default='', max_length=400)),
                ('check_points', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('check_note', models.CharField(blank=True, default='', max_length=400)),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='assessment.assessment')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('assessment', 'indicator'), name='assessment_line_once'), models.CheckConstraint(condition=models.Q(('weight__gte', 0), ('weight__lte', 100)), name='assessment_line_weight'), models.CheckConstraint(condition=models.Q(('check_points__isnull', True), models.Q(('check_points__gte', 0), ('check_points__lte', models.F('weight'))), _connector='OR'), name='assessment_line_points')],
            },
        ),
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('name', models.CharField(max_length=120)),
                ('size', models.PositiveIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('content', models.BinaryField()),
                ('sent_label', models.CharField(max_length=140)),
                ('sent_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='assessment.line')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('line', 'digest'), name='assessment_evidence_once')],
            },
        ),
        migrations.CreateModel(
            name='MonthlyFigure',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('month', models.DateField()),
                ('indicator', models.CharField(max_length=40)),
                ('supplement', models.PositiveSmallIntegerField(default=0)),
                ('hits', models.PositiveIntegerField()),
                ('of', models.PositiveIntegerField(null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=400)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('unit', 'month', 'indicator', 'supplement'), name='monthly_figure_once')],
            },
        ),
        migrations.CreateModel(
            name='PolicyGrade',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('policy', models.CharField(max_length=40)),
                ('hundredths', models.PositiveSmallIntegerField()),
                ('graded_label', models.CharField(max_length=140)),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='policies', to='assessment.assessment')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('assessment', 'policy'), name='policy_grade_once'), models.CheckConstraint(condition=models.Q(('hundredths__in', (0, 25, 50, 75, 100))), name='policy_grade_step')],
            },
        ),
    ]
