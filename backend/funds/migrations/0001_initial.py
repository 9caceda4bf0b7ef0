import backend.core.crypto
import backend.core.models
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
            name='Article',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('name', models.CharField(max_length=60)),
                ('measure', models.CharField(max_length=12)),
                ('points', models.PositiveIntegerField(null=True)),
                ('low_at', models.PositiveIntegerField(default=0)),
                ('version', models.PositiveIntegerField(default=1)),
            ],
        ),
        migrations.CreateModel(
            name='Donor',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(max_length=12)),
                ('name', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('contact', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('is_anonymous', models.BooleanField(default=False)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Donation',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('kind', models.CharField(choices=[('money', 'money'), ('goods', 'goods')], max_length=6)),
                ('state', models.CharField(choices=[('offered', 'offered'), ('refused', 'not accepted'), ('promised', 'accepted, not here yet'), ('received', 'received'), ('allocated', 'being brought'), ('used', 'used'), ('funded', 'in the fund'), ('withdrawn', 'withdrawn')], default='offered', max_length=10)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12)),
                ('item', models.CharField(blank=True, default='', max_length=60)),
                ('measure', models.CharField(blank=True, default='', max_length=12)),
                ('quantity', models.PositiveIntegerField(default=0)),
                ('lot_number', models.CharField(blank=True, default='', max_length=40)),
                ('expires_on', models.DateField(null=True)),
                ('purpose', models.CharField(max_length=20)),
                ('share', models.DecimalField(decimal_places=2, max_digits=12)),
                ('terms', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('related_party', models.BooleanField(default=False)),
                ('relation', backend.core.crypto.EncryptedText(blank=True, default='')),
                ('refusal', models.CharField(blank=True, default='', max_length=20)),
                ('ends_on', models.DateField(null=True)),
                ('receipt_number', models.CharField(blank=True, default='', max_length=40)),
                ('received_on', models.DateField(null=True)),
                ('taken_label', models.CharField(blank=True, default='', max_length=140)),
                ('confirmed_label', models.CharField(blank=True, default='', max_length=140)),
                ('seed', models.CharField(blank=True, default='', max_length=16)),
                ('told_on', models.DateField(null=True)),
                ('settled_on', models.DateField(null=True)),
                ('instance_id', models.UUIDField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('drafted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('limited_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('taken_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('donor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='donations', to='funds.donor')),
            ],
            options={
                'indexes': [models.Index(fields=['unit', 'state', 'id'], name='donation_place')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('receipt_number', ''), _negated=True), fields=('receipt_number',), name='receipt_once'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='donation_positive'), models.CheckConstraint(condition=models.Q(('share__gt', 0)), name='donation_share_positive'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'money'), ('quantity', 0)), models.Q(('kind', 'goods'), ('quantity__gt', 0)), _connector='OR'), name='donation_kind'), models.CheckConstraint(condition=models.Q(('drafted_by', None), ('confirmed_by', None), models.Q(('confirmed_by', models.F('drafted_by')), _negated=True), _connector='OR'), name='donation_four_eyes')],
            },
        ),
        migrations.CreateModel(
            name='PurposeChange',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('purpose', models.CharField(max_length=20)),
                ('reason', models.CharField(max_length=400)),
                ('answer', models.CharField(choices=[('asked', 'asked'), ('agreed', 'agreed'), ('declined', 'declined')], default='asked', max_length=10)),
                ('evidence', models.CharField(blank=True, default='', max_length=200)),
                ('answered_on', models.DateField(null=True)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('donation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='purpose_changes', to='funds.donation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('answer', 'asked')), fields=('donation',), name='purpose_change_open')],
            },
        ),
        migrations.CreateModel(
            name='StockCount',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('month', models.DateField()),
                ('state', models.CharField(choices=[('open', 'the month runs'), ('counted', 'counted, differences to be settled'), ('closed', 'settled')], default='open', max_length=8)),
                ('counted_label', models.CharField(blank=True, default='', max_length=140)),
                ('counted_at', models.DateTimeField(null=True)),
                ('settled_label', models.CharField(blank=True, default='', max_length=140)),
                ('settled_at', models.DateTimeField(null=True)),
                ('instance_id', models.UUIDField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('counted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('settled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='StockLot',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40)),
                ('expires_on', models.DateField(null=True)),
                ('value', models.DecimalField(decimal_places=4, max_digits=12)),
                ('left', models.PositiveIntegerField(default=0, editable=False)),
                ('article', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='funds.article')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('article', 'number'), name='stock_lot_once'), models.CheckConstraint(condition=models.Q(('left__gte', 0)), name='stock_lot_left')],
            },
        ),
        migrations.CreateModel(
            name='CountLine',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('expected', models.PositiveIntegerField()),
                ('counted', models.PositiveIntegerField()),
                ('count', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='funds.stockcount')),
                ('lot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='funds.stocklot')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('count', 'lot'), name='count_line_once')],
            },
        ),
        migrations.CreateModel(
            name='StockMove',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('quantity', models.IntegerField()),
                ('reason', models.CharField(choices=[('received', 'came in'), ('issued', 'given to a family'), ('withdrawn', 'given back to the donor'), ('redeemed', 'redeemed at the counter'), ('counted', 'difference found by counting')], max_length=10)),
                ('on_date', models.DateField()),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12)),
                ('source_kind', models.CharField(blank=True, default='', max_length=20)),
                ('source_id', models.UUIDField(null=True)),
                ('by_label', models.CharField(max_length=140)),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('lot', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='funds.stocklot')),
            ],
            options={
                'indexes': [models.Index(fields=['lot', 'created_at', 'id'], name='stock_move_lot'), models.Index(fields=['source_id'], name='stock_move_source')],
                'constraints': [models.CheckConstraint(condition=models.Q(('quantity', 0), _negated=True), name='stock_move_moves')],
            },
        ),
        migrations.CreateModel(
            name='Store',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(choices=[('room', 'store room'), ('shop', 'charity shop')], max_length=4)),
                ('is_open', models.BooleanField(default=True)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('unit', 'kind'), name='store_once')],
            },
        ),
        migrations.AddField(
            model_name='stockcount',
            name='store',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='counts', to='funds.store'),
        ),
        migrations.CreateModel(
            name='Redemption',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('points', models.PositiveIntegerField()),
                ('items', models.JSONField(default=list)),
                ('received_by', models.CharField(max_length=12)),
                ('receipt', models.CharField(max_length=12)),
                ('served_label', models.CharField(max_length=140)),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.family')),
                ('served_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('store', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='redemptions', to='funds.store')),
            ],
            options={
                'indexes': [models.Index(fields=['store', 'created_at', 'id'], name='redemption_store')],
                'constraints': [models.CheckConstraint(condition=models.Q(('points__gt', 0)), name='redemption_positive')],
            },
        ),
        migrations.CreateModel(
            name='PointGrant',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('rule', models.CharField(max_length=20)),
                ('period', models.CharField(max_length=10)),
                ('points', models.PositiveIntegerField()),
                ('left', models.PositiveIntegerField()),
                ('expires_on', models.DateField()),
                ('family', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='point_grants', to='cases.family')),
                ('store', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='funds.store')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('family', 'rule', 'period'), name='point_grant_once'), models.CheckConstraint(condition=models.Q(('left__lte', models.F('points'))), name='point_grant_left')],
            },
        ),
        migrations.AddField(
            model_name='article',
            name='store',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='articles', to='funds.store'),
        ),
        migrations.CreateModel(
            name='UseReport',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(choices=[('year', 'of a year'), ('quarter', 'of a quarter'), ('end', 'at the end')], max_length=8)),
                ('from_date', models.DateField()),
                ('to_date', models.DateField()),
                ('due_on', models.DateField()),
                ('totals', models.JSONField(default=dict)),
                ('published_on', models.DateField(null=True)),
                ('published_label', models.CharField(blank=True, default='', max_length=140)),
                ('donation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='funds.donation')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('unit', 'donation', 'kind', 'from_date'), name='use_report_once', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='Allocation',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('unit_path', models.CharField(db_collation='C', max_length=200)),
                ('conflict', models.BooleanField(default=False)),
                ('need_score', models.PositiveSmallIntegerField(default=0)),
                ('prior_aid', models.PositiveSmallIntegerField(default=0)),
                ('aid_class', models.PositiveSmallIntegerField(default=0)),
                ('aid_reason', models.CharField(blank=True, default='', max_length=20)),
                ('rule', models.CharField(blank=True, default='', max_length=40)),
                ('table_version', models.CharField(blank=True, default='', max_length=16)),
                ('rank', models.PositiveSmallIntegerField(null=True)),
                ('share', models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ('state', models.CharField(choices=[('proposed', 'put forward'), ('chosen', 'gets a share'), ('reserve', 'next in line'), ('excluded', 'not this time'), ('delivered', 'brought'), ('returned', 'put back')], default='proposed', max_length=10)),
                ('delivered_label', models.CharField(blank=True, default='', max_length=140)),
                ('delivered_on', models.DateField(null=True)),
                ('received_by', models.CharField(blank=True, default='', max_length=12)),
                ('receipt', models.CharField(blank=True, default='', max_length=12)),
                ('undelivered_reason', models.CharField(blank=True, default='', max_length=20)),
                ('version', models.PositiveIntegerField(default=1)),
                ('chosen_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('delivered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.family')),
                ('unit', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
                ('donation', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='allocations', to='funds.donation')),
            ],
            options={
                'indexes': [models.Index(fields=['donation', 'rank'], name='allocation_rank')],
                'constraints': [models.UniqueConstraint(fields=('donation', 'family'), name='allocation_once'), models.CheckConstraint(condition=models.Q(('chosen_by', None), ('delivered_by', None), models.Q(('delivered_by', models.F('chosen_by')), _negated=True), _connector='OR'), name='allocation_powers_apart'), models.CheckConstraint(condition=models.Q(('conflict', False), models.Q(('state__in', ['chosen', 'reserve', 'delivered']), _negated=True), _connector='OR'), name='allocation_no_conflict')],
            },
        ),
        migrations.AddConstraint(
            model_name='stockcount',
            constraint=models.UniqueConstraint(fields=('store', 'month'), name='stock_count_once'),
        ),
        migrations.AddConstraint(
            model_name='stockcount',
            constraint=models.CheckConstraint(condition=models.Q(('counted_by', None), ('settled_by', None), models.Q(('settled_by', models.F('counted_by')), _negated=True), _connector='OR'), name='stock_count_four_eyes'),
        ),
        migrations.AddConstraint(
            model_name='article',
            constraint=models.UniqueConstraint(fields=('store', 'name'), name='article_once'),
        ),
    ]
