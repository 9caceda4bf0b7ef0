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
        ('org', '0002_the_powers_apart'),
        ('org', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='AgendaItem',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(choices=[('no_progress', 'no progress'), ('support', 'asks for help'), ('referral', 'declined by two departments'), ('own', 'put on by the office')], max_length=12)),
                ('text', backend.core.crypto.EncryptedText()),
                ('plan_item_id', models.UUIDField(null=True)),
                ('result', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('unit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
        ),
        migrations.CreateModel(
            name='GroupDocument',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(choices=[('guiding', 'guiding document'), ('plan', 'plan'), ('duties', 'division of duties'), ('notice', 'notice'), ('bulletin', 'bulletin'), ('minutes', 'minutes')], max_length=12)),
                ('number', models.CharField(max_length=60)),
                ('title', models.CharField(max_length=160)),
                ('issuer', models.CharField(max_length=80)),
                ('issued_on', models.DateField()),
                ('place', models.CharField(blank=True, default='', max_length=160)),
                ('digest', models.CharField(blank=True, default='', max_length=64)),
                ('registered_label', models.CharField(max_length=140)),
                ('version', models.PositiveIntegerField(default=1)),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('office', 'number'), name='group_document_number')],
            },
        ),
        migrations.CreateModel(
            name='Duty',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('text', models.CharField(max_length=400)),
                ('due_on', models.DateField(blank=True, null=True)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='duties', to='coordination.groupdocument')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('from_date', models.DateField()),
                ('to_date', models.DateField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('leader', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('to_date__isnull', True)), fields=('unit',), name='leader_link_once'), models.CheckConstraint(condition=models.Q(('to_date__isnull', True), ('to_date__gte', models.F('from_date')), _connector='OR'), name='leader_link_dates')],
            },
        ),
        migrations.CreateModel(
            name='Meeting',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(choices=[('kick_off', 'kick-off meeting'), ('leaders', "leaders' meeting"), ('coordination', 'coordination meeting')], max_length=12)),
                ('title', models.CharField(max_length=120)),
                ('place', models.CharField(blank=True, default='', max_length=120)),
                ('held_at', models.DateTimeField()),
                ('minutes_by', models.DateTimeField()),
                ('state', models.CharField(choices=[('planned', 'being prepared'), ('called', 'called'), ('minuted', 'minutes to be confirmed'), ('confirmed', 'minutes confirmed'), ('cancelled', 'cancelled')], default='planned', max_length=10)),
                ('minutes', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('present', models.CharField(blank=True, default='', max_length=400)),
                ('returned', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('called_label', models.CharField(max_length=140)),
                ('minuted_label', models.CharField(blank=True, default='', max_length=140)),
                ('minuted_at', models.DateTimeField(null=True)),
                ('late_told_at', models.DateTimeField(null=True)),
                ('confirmed_label', models.CharField(blank=True, default='', max_length=140)),
                ('version', models.PositiveIntegerField(default=1)),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('minuted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('confirmed_by__isnull', True), ('minuted_by__isnull', True), models.Q(('confirmed_by', models.F('minuted_by')), _negated=True), _connector='OR'), name='meeting_confirmed_by_another')],
            },
        ),
        migrations.CreateModel(
            name='GroupTask',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('text', backend.core.crypto.EncryptedText()),
                ('due_on', models.DateField()),
                ('due_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('proposed', 'in minutes not confirmed yet'), ('open', 'to be done'), ('checking', 'to be checked'), ('done', 'done'), ('dropped', 'dropped')], default='proposed', max_length=10)),
                ('arrangement', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('grip', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('carried_out', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('effect', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('done_label', models.CharField(blank=True, default='', max_length=140)),
                ('checked_label', models.CharField(blank=True, default='', max_length=140)),
                ('returned', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('late_told_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('agenda_item', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tasks', to='coordination.agendaitem')),
                ('checked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('done_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tasks', to='coordination.meeting')),
            ],
            options={
                'indexes': [models.Index(fields=['unit', 'state'], name='group_task_unit')],
                'constraints': [models.CheckConstraint(condition=models.Q(('checked_by__isnull', True), ('done_by__isnull', True), models.Q(('checked_by', models.F('done_by')), _negated=True), _connector='OR'), name='group_task_checked_by_another'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), models.Q(models.Q(('arrangement', ''), _negated=True), models.Q(('grip', ''), _negated=True), models.Q(('carried_out', ''), _negated=True), models.Q(('effect', ''), _negated=True)), _connector='OR'), name='group_task_four_evidences')],
            },
        ),
        migrations.AddField(
            model_name='agendaitem',
            name='meeting',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='agenda', to='coordination.meeting'),
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('from_date', models.DateField()),
                ('to_date', models.DateField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('to_date__isnull', True)), fields=('unit',), name='member_once'), models.CheckConstraint(condition=models.Q(('to_date__isnull', True), ('to_date__gte', models.F('from_date')), _connector='OR'), name='member_dates')],
            },
        ),
        migrations.CreateModel(
            name='MonthlyReport',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('month', models.DateField()),
                ('state', models.CharField(choices=[('writing', 'being written'), ('signing', 'to be signed'), ('checking', 'with the office'), ('accepted', 'accepted'), ('missing', 'never handed in')], default='writing', max_length=10)),
                ('due_at', models.DateTimeField()),
                ('listed_at', models.DateTimeField()),
                ('handed_in_at', models.DateTimeField(null=True)),
                ('reminded_at', models.DateTimeField(null=True)),
                ('late_told_at', models.DateTimeField(null=True)),
                ('rounds', models.PositiveSmallIntegerField(default=0)),
                ('returned', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('return_codes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None)),
                ('accepted_at', models.DateTimeField(null=True)),
                ('accepted_label', models.CharField(blank=True, default='', max_length=140)),
                ('accepted_note', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('version', models.PositiveIntegerField(default=1)),
                ('accepted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['office', 'month'], name='monthly_report_month')],
                'constraints': [models.UniqueConstraint(fields=('unit', 'month'), name='monthly_report_once')],
            },
        ),
        migrations.AddField(
            model_name='agendaitem',
            name='report',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coordination.monthlyreport'),
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('round', models.PositiveSmallIntegerField()),
                ('nil', models.BooleanField()),
                ('standing', models.CharField(choices=[('on_track', 'as planned'), ('behind', 'behind the plan'), ('no_progress', 'no progress')], default='on_track', max_length=12)),
                ('progress', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('content', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('effect', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('problems', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('support', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('asks', models.BooleanField(default=False)),
                ('counted', models.JSONField(default=dict)),
                ('told', models.JSONField(default=dict)),
                ('author_label', models.CharField(max_length=140)),
                ('codes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None)),
                ('signer_label', models.CharField(blank=True, default='', max_length=140)),
                ('signed_at', models.DateTimeField(null=True)),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='coordination.monthlyreport')),
                ('signer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('report', 'round'), name='submission_round'), models.CheckConstraint(condition=models.Q(('signer__isnull', True), ('author__isnull', True), models.Q(('signer', models.F('author')), _negated=True), _connector='OR'), name='submission_signed_by_another'), models.CheckConstraint(condition=models.Q(('nil', False), ('told', {}), _connector='OR'), name='submission_nil_is_nil')],
            },
        ),
        migrations.CreateModel(
            name='Supplement',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('text', backend.core.crypto.EncryptedText()),
                ('changes', models.JSONField(default=dict)),
                ('author_label', models.CharField(max_length=140)),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='supplements', to='coordination.monthlyreport')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SupportDecision',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(choices=[('people', 'people'), ('money', 'money'), ('goods', 'goods'), ('meeting', 'to the meeting'), ('nothing', 'nothing')], max_length=8)),
                ('text', backend.core.crypto.EncryptedText()),
                ('leader_label', models.CharField(max_length=140)),
                ('leader', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('report', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='decision', to='coordination.monthlyreport')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Bulletin',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('month', models.DateField()),
                ('state', models.CharField(choices=[('drafting', 'being drafted'), ('approving', 'to be approved'), ('published', 'published')], default='drafting', max_length=10)),
                ('foreword', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('outlook', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('content', models.JSONField(default=dict)),
                ('returned', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('number', models.CharField(blank=True, default='', max_length=60)),
                ('file', models.BinaryField(default=b'')),
                ('digest', models.CharField(blank=True, default='', max_length=64)),
                ('drafted_label', models.CharField(blank=True, default='', max_length=140)),
                ('approved_label', models.CharField(blank=True, default='', max_length=140)),
                ('published_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('approved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('drafted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('office', 'month'), name='bulletin_once'), models.UniqueConstraint(condition=models.Q(('number', ''), _negated=True), fields=('office', 'number'), name='bulletin_number'), models.CheckConstraint(condition=models.Q(('approved_by__isnull', True), ('drafted_by__isnull', True), models.Q(('approved_by', models.F('drafted_by')), _negated=True), _connector='OR'), name='bulletin_approved_by_another')],
            },
        ),
        migrations.AddConstraint(
            model_name='agendaitem',
            constraint=models.UniqueConstraint(fields=('meeting', 'report', 'kind'), name='agenda_report_once'),
        ),
        migrations.AddConstraint(
            model_name='agendaitem',
            constraint=models.UniqueConstraint(fields=('meeting', 'plan_item_id'), name='agenda_referral_once'),
        ),
    ]
