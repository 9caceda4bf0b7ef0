import backend.core.crypto
import backend.core.models
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('cases', '0001_initial'),
        ('org', '0002_the_powers_apart'),
        ('org', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Application',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('kind', models.CharField(max_length=30)),
                ('year', models.PositiveSmallIntegerField()),
                ('unit_path', models.CharField(db_collation='C', max_length=200)),
                ('channel', models.CharField(choices=[('self', 'by the person'), ('family', 'by the family'), ('proxy', 'by the village on their behalf')], max_length=8)),
                ('assisted_by', models.CharField(blank=True, default='', max_length=80)),
                ('facts', backend.core.crypto.EncryptedText()),
                ('account', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('account_tail', models.CharField(blank=True, default='', max_length=4)),
                ('declared_on', models.DateField()),
                ('papers', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), blank=True, default=list, size=None)),
                ('missing', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), blank=True, default=list, size=None)),
                ('corrected_by', models.DateField(blank=True, null=True)),
                ('county_determination', models.BooleanField(blank=True, null=True)),
                ('is_related', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('recorded', 'recorded'), ('correcting', 'papers asked for'), ('village', 'before the village'), ('township', 'before the township'), ('county', 'before the county'), ('published', 'made public'), ('held', 'held: an objection'), ('confirmed', 'confirmed'), ('refused', 'refused in writing'), ('withdrawn', 'withdrawn')], default='recorded', max_length=12)),
                ('stage', models.CharField(blank=True, default='', max_length=8)),
                ('advice', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('verdict', models.CharField(blank=True, default='', max_length=20)),
                ('verdict_reason', models.CharField(blank=True, default='', max_length=40)),
                ('category', models.CharField(blank=True, default='', max_length=30)),
                ('true_on', models.DateField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=1000)),
                ('decided_label', models.CharField(blank=True, default='', max_length=140)),
                ('decided_on', models.DateField(blank=True, null=True)),
                ('told_on', models.DateField(blank=True, null=True)),
                ('recorded_label', models.CharField(max_length=140)),
                ('grievance_id', models.UUIDField(blank=True, null=True)),
                ('instance_id', models.UUIDField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='cases.family')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='cases.person')),
                ('recorded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('recused', models.ManyToManyField(blank=True, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('spouse', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.person')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['unit_path', 'id'], name='application_place')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ('confirmed', 'refused', 'withdrawn')), _negated=True), fields=('person', 'kind'), name='application_open_once'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['refused', 'withdrawn']), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='application_no_without_reason')],
            },
        ),
        migrations.CreateModel(
            name='Entitlement',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('kind', models.CharField(max_length=30)),
                ('category', models.CharField(blank=True, default='', max_length=30)),
                ('residence', models.CharField(blank=True, default='', max_length=8)),
                ('cycle', models.CharField(choices=[('month', 'every month'), ('year', 'every year'), ('once', 'once')], max_length=8)),
                ('from_date', models.DateField()),
                ('until_date', models.DateField(blank=True, null=True)),
                ('end_reason', models.CharField(blank=True, default='', max_length=40)),
                ('account', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('account_tail', models.CharField(blank=True, default='', max_length=4)),
                ('confirmed_label', models.CharField(blank=True, default='', max_length=140)),
                ('confirmed_on', models.DateField()),
                ('version', models.PositiveIntegerField(default=1)),
                ('application', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entitlement', to='subsidies.application')),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entitlements', to='cases.person')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['person'], name='entitlement_person')],
                'constraints': [models.CheckConstraint(condition=models.Q(('until_date__isnull', True), ('until_date__gte', models.F('from_date')), _connector='OR'), name='entitlement_dates'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('cycle', 'once'), _negated=True), expressions=[('person', '='), ('kind', '='), (models.Func(models.F('from_date'), models.F('until_date'), function='daterange'), '&&')], name='entitlement_no_overlap')],
            },
        ),
        migrations.CreateModel(
            name='Hand',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('power', models.CharField(choices=[('record', 'recorded it'), ('village', 'reviewed it for the village'), ('township', 'reviewed it for the township'), ('county', 'reviewed and confirmed it for the county'), ('pay', 'released the payment')], max_length=8)),
                ('application', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hands', to='subsidies.application')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('application', 'user'), name='hand_one_power')],
            },
        ),
        migrations.CreateModel(
            name='Rate',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('from_date', models.DateField()),
                ('until_date', models.DateField(blank=True, null=True)),
                ('yearly', models.DecimalField(decimal_places=2, max_digits=12)),
                ('layers', models.JSONField()),
                ('standard_version', models.CharField(max_length=16)),
                ('entitlement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rates', to='subsidies.entitlement')),
            ],
            options={
                'ordering': ['from_date', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('until_date__isnull', True), ('until_date__gt', models.F('from_date')), _connector='OR'), name='rate_dates'), models.CheckConstraint(condition=models.Q(('yearly__gte', 0)), name='rate_not_negative'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('entitlement', '='), (models.Func(models.F('from_date'), models.F('until_date'), function='daterange'), '&&')], name='rate_no_overlap')],
            },
        ),
        migrations.CreateModel(
            name='Stage',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('level', models.CharField(choices=[('village', 'village'), ('township', 'township'), ('county', 'county')], max_length=8)),
                ('reviewer_label', models.CharField(max_length=140)),
                ('reviewed_on', models.DateField()),
                ('agrees', models.BooleanField()),
                ('participants', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('recused', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('votes_for', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('votes_against', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('home_checked_on', models.DateField(blank=True, null=True)),
                ('opinion', backend.core.crypto.EncryptedText()),
                ('notice_id', models.UUIDField(blank=True, null=True)),
                ('notice_digest', models.CharField(blank=True, default='', max_length=64)),
                ('public_from', models.DateField(blank=True, null=True)),
                ('public_until', models.DateField(blank=True, null=True)),
                ('no_objection', models.BooleanField(blank=True, null=True)),
                ('application', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stages', to='subsidies.application')),
                ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('application', 'level'), name='stage_once'), models.UniqueConstraint(fields=('application', 'reviewer'), name='stage_two_people'), models.CheckConstraint(condition=models.Q(models.Q(('level', 'village'), _negated=True), models.Q(('votes_against__isnull', False), ('votes_for__isnull', False)), _connector='OR'), name='stage_village_votes')],
            },
        ),
        migrations.CreateModel(
            name='Standard',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('code', models.SlugField(max_length=60, unique=True)),
                ('kind', models.CharField(max_length=30)),
                ('category', models.CharField(blank=True, default='', max_length=30)),
                ('area', models.CharField(blank=True, db_collation='C', default='', max_length=40)),
                ('area_name', models.CharField(blank=True, default='', max_length=80)),
                ('residence', models.CharField(blank=True, choices=[('', 'everybody'), ('urban', 'townspeople'), ('rural', 'country people')], default='', max_length=8)),
                ('min_age', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('mode', models.CharField(choices=[('add', 'added to what is above'), ('replace', 'instead of what is above'), ('multiply', 'multiplies what is above')], max_length=8)),
                ('per', models.CharField(blank=True, choices=[('month', 'a month'), ('year', 'a year'), ('once', 'once')], default='month', max_length=8)),
                ('amount', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ('factor', models.DecimalField(blank=True, decimal_places=2, max_digits=6, null=True)),
                ('from_date', models.DateField()),
                ('to_date', models.DateField(blank=True, null=True)),
                ('reference', models.CharField(max_length=200)),
                ('is_verified', models.BooleanField(default=False)),
                ('set_by_label', models.CharField(blank=True, default='', max_length=140)),
            ],
            options={
                'indexes': [models.Index(fields=['kind', 'area'], name='standard_kind_area')],
                'constraints': [models.UniqueConstraint(fields=('kind', 'category', 'area', 'residence', 'mode', 'min_age', 'from_date'), name='standard_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('amount__isnull', True), ('factor__gt', 0), ('mode', 'multiply')), models.Q(('amount__gte', 0), ('factor__isnull', True), ('mode__in', ['add', 'replace'])), _connector='OR'), name='standard_amount_or_factor'), models.CheckConstraint(condition=models.Q(('to_date__isnull', True), ('to_date__gt', models.F('from_date')), _connector='OR'), name='standard_dates')],
            },
        ),
    ]
