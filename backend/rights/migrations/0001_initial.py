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
        ('helpers', '0001_initial'),
        ('org', '0001_initial'),
        ('org', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccessTicket',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('asked_label', models.CharField(max_length=140)),
                ('role', models.CharField(max_length=20)),
                ('subject', models.CharField(choices=[('normal', 'identity and telephone'), ('health', 'health data'), ('bank', 'bank account'), ('minor', 'data of a minor')], max_length=10)),
                ('purpose', models.CharField(max_length=20)),
                ('reason', backend.core.crypto.EncryptedText()),
                ('hours', models.PositiveSmallIntegerField()),
                ('from_at', models.DateTimeField()),
                ('to_at', models.DateTimeField()),
                ('granted', models.BooleanField(null=True)),
                ('ruled_out', models.CharField(blank=True, default='', max_length=40)),
                ('decided_label', models.CharField(blank=True, default='', max_length=140)),
                ('decided_at', models.DateTimeField(null=True)),
                ('refusal', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('closed_at', models.DateTimeField(null=True)),
                ('reviewed_label', models.CharField(blank=True, default='', max_length=140)),
                ('reviewed_at', models.DateTimeField(null=True)),
                ('review', models.CharField(blank=True, default='', max_length=12)),
                ('review_note', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('version', models.PositiveIntegerField(default=1)),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='access_tickets', to='cases.family')),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='access_tickets', to='cases.person')),
                ('reviewed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['asked_by', 'family', 'id'], name='access_ticket_asker'), models.Index(fields=['office', 'id'], name='access_ticket_office')],
                'constraints': [models.CheckConstraint(condition=models.Q(('decided_by', models.F('asked_by')), _negated=True), name='access_ticket_four_eyes'), models.CheckConstraint(condition=models.Q(('reviewed_by', models.F('asked_by')), _negated=True), name='access_ticket_reviewed_by_other'), models.CheckConstraint(condition=models.Q(models.Q(('granted', True), _negated=True), ('decided_by__isnull', False), _connector='OR'), name='access_ticket_granted_by_somebody'), models.CheckConstraint(condition=models.Q(('to_at__gte', models.F('from_at'))), name='access_ticket_times')],
            },
        ),
        migrations.CreateModel(
            name='AccessUse',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('field', models.CharField(max_length=20)),
                ('used_at', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.person')),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='rights.accessticket')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Grievance',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('kind', models.CharField(choices=[('complaint', 'complaint'), ('objection', 'objection to a decision'), ('see', 'see what is kept'), ('copy', 'a copy of what is kept'), ('correct', 'correct what is kept'), ('delete', 'delete what is kept'), ('withdraw', 'withdraw a consent')], max_length=12)),
                ('target', models.CharField(choices=[('helper', 'a helper'), ('officer', 'somebody who works here'), ('decision', 'a decision'), ('data', 'the data kept')], max_length=12)),
                ('purpose', models.CharField(blank=True, choices=[('photo', 'photographs'), ('sharing', 'telling helpers and other offices'), ('pairing', 'a helper'), ('care', 'visits and help altogether')], default='', max_length=12)),
                ('text', backend.core.crypto.EncryptedText()),
                ('complainant', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('contact', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('identity', models.CharField(blank=True, default='', max_length=20)),
                ('channel', models.CharField(max_length=20)),
                ('reply_by', models.CharField(choices=[('letter', 'by letter'), ('in_person', 'in person'), ('phone', 'by telephone'), ('none', 'nobody to answer (anonymous)')], max_length=12)),
                ('danger', models.BooleanField(default=False)),
                ('minor', models.BooleanField(default=False)),
                ('registered_label', models.CharField(max_length=140)),
                ('handler', models.CharField(blank=True, default='', max_length=20)),
                ('clock', models.CharField(blank=True, default='', max_length=20)),
                ('due_at', models.DateTimeField()),
                ('notice_by', models.DateTimeField(null=True)),
                ('notified_on', models.DateField(null=True)),
                ('notified_by', models.CharField(blank=True, default='', max_length=12)),
                ('alarm', models.BooleanField(default=False)),
                ('incident_id', models.UUIDField(null=True)),
                ('extended_at', models.DateTimeField(null=True)),
                ('extension', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('escalated_at', models.DateTimeField(null=True)),
                ('holds_case', models.BooleanField(default=False)),
                ('helper_was', models.CharField(blank=True, default='', max_length=10)),
                ('state', models.CharField(choices=[('open', 'being looked into'), ('proposed', 'to be confirmed by the supervisor'), ('decided', 'decided, to be told'), ('closed', 'answered')], default='open', max_length=10)),
                ('decision', models.CharField(blank=True, default='', max_length=20)),
                ('measure', models.CharField(blank=True, default='', max_length=20)),
                ('ban_reason', models.CharField(blank=True, default='', max_length=20)),
                ('removal_asked_on', models.DateField(null=True)),
                ('restricted', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None)),
                ('answer', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('evidence', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('kept_by_law', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('decided_label', models.CharField(blank=True, default='', max_length=140)),
                ('decided_at', models.DateTimeField(null=True)),
                ('returned', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('confirmed_label', models.CharField(blank=True, default='', max_length=140)),
                ('replied_on', models.DateField(null=True)),
                ('replied_by', models.CharField(blank=True, default='', max_length=12)),
                ('satisfied', models.CharField(blank=True, default='', max_length=12)),
                ('closed_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('about_case', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('about_family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grievances', to='cases.family')),
                ('about_helper', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='helpers.helper')),
                ('about_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('registered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['office', 'id'], name='grievance_office'), models.Index(fields=['registered_by', 'id'], name='grievance_registered'), models.Index(condition=models.Q(('closed_at__isnull', True), ('holds_case', True)), fields=['about_case'], name='grievance_hold')],
            },
        ),
    ]
