import backend.core.crypto
import backend.core.models
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('org', '0001_initial'),
        ('org', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Try',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message', models.UUIDField(db_index=True)),
                ('channel', models.CharField(choices=[('in_app', 'here, after logging in'), ('email', 'e-mail'), ('sms', 'text message'), ('wechat', 'WeChat')], max_length=10)),
                ('at', models.DateTimeField()),
                ('outcome', models.CharField(choices=[('marked', 'about to be handed over'), ('sent', 'taken by the channel'), ('refused', 'not taken by the channel'), ('unknown', 'it is not known whether the channel took it'), ('arrived', 'the network says that it arrived'), ('lost', 'the network says that it did not arrive')], max_length=10)),
                ('detail', models.CharField(blank=True, default='', max_length=120)),
            ],
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(max_length=40)),
                ('key', models.CharField(max_length=160, unique=True)),
                ('about_kind', models.CharField(blank=True, default='', max_length=40)),
                ('about_id', models.UUIDField(blank=True, null=True)),
                ('family_id', models.UUIDField(blank=True, null=True)),
                ('case_id', models.UUIDField(blank=True, null=True)),
                ('unit_path', models.CharField(blank=True, db_collation='C', default='', max_length=200)),
                ('label', models.CharField(blank=True, default='', max_length=200)),
                ('label_en', models.CharField(blank=True, default='', max_length=200)),
                ('page', models.CharField(blank=True, default='', max_length=200)),
                ('role', models.CharField(blank=True, default='', max_length=20)),
                ('helper_id', models.UUIDField(blank=True, null=True)),
                ('closed_to', models.UUIDField(blank=True, null=True)),
                ('urgent', models.BooleanField(default=False)),
                ('shown_only', models.BooleanField(default=False)),
                ('decided_by', models.CharField(blank=True, default='', max_length=80)),
                ('state', models.CharField(choices=[('intended', 'to be sent'), ('sent', 'sent'), ('delivered', 'arrived'), ('failed', 'did not arrive'), ('dropped', 'no longer needed')], default='intended', max_length=10)),
                ('why', models.CharField(blank=True, choices=[('nobody', 'nobody is there to receive it'), ('done', 'it was done in the meantime'), ('gone', 'whom it was about is no longer there')], default='', max_length=10)),
                ('told_at', models.DateTimeField(blank=True, null=True)),
                ('send_at', models.DateTimeField(blank=True, null=True)),
                ('unit', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('user', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'intended'), ('told_at__isnull', True)), fields=['created_at'], name='reminder_new'), models.Index(condition=models.Q(('send_at__isnull', False)), fields=['send_at'], name='reminder_to_send'), models.Index(fields=['family_id', 'id'], name='reminder_family'), models.Index(fields=['about_id'], name='reminder_about')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('helper_id__isnull', True), ('unit__isnull', False), ('user__isnull', True)), models.Q(('helper_id__isnull', True), ('unit__isnull', True), ('user__isnull', False)), models.Q(('helper_id__isnull', False), ('unit__isnull', True), ('user__isnull', True)), _connector='OR'), name='reminder_one_recipient')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('helper_id', models.UUIDField(blank=True, null=True)),
                ('channel', models.CharField(choices=[('in_app', 'here, after logging in'), ('email', 'e-mail'), ('sms', 'text message'), ('wechat', 'WeChat')], max_length=10)),
                ('message', models.UUIDField(blank=True, null=True)),
                ('state', models.CharField(choices=[('marked', 'handed over, outcome unknown'), ('again', 'tried again soon'), ('sent', 'sent'), ('delivered', 'arrived'), ('failed', 'did not arrive')], default='marked', max_length=10)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reminder', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='reminders.reminder')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('channel', 'in_app')), fields=['user', '-id'], name='delivery_mine'), models.Index(condition=models.Q(('channel', 'in_app'), ('read_at__isnull', True)), fields=['user'], name='delivery_unread'), models.Index(condition=models.Q(('message__isnull', False)), fields=['message'], name='delivery_message'), models.Index(condition=models.Q(('state__in', ['again', 'marked'])), fields=['at'], name='delivery_unsettled')],
                'constraints': [models.UniqueConstraint(fields=('reminder', 'channel', 'user'), name='delivery_once'), models.UniqueConstraint(fields=('reminder', 'channel', 'helper_id'), name='delivery_once_helper'), models.CheckConstraint(condition=models.Q(('user__isnull', False), ('helper_id__isnull', False), _connector='OR'), name='delivery_person')],
            },
        ),
        migrations.CreateModel(
            name='Choice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('helper_id', models.UUIDField(blank=True, null=True)),
                ('channel', models.CharField(choices=[('in_app', 'here, after logging in'), ('email', 'e-mail'), ('sms', 'text message'), ('wechat', 'WeChat')], max_length=10)),
                ('address', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('user', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'channel'), name='choice_once'), models.UniqueConstraint(fields=('helper_id', 'channel'), name='choice_once_helper'), models.CheckConstraint(condition=models.Q(models.Q(('helper_id__isnull', True), ('user__isnull', False)), models.Q(('helper_id__isnull', False), ('user__isnull', True)), _connector='OR'), name='choice_one_person')],
            },
        ),
    ]
