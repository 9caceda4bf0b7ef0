import backend.core.models
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


GUARDS = r"""
-- Words that no family is called in public (D19), whoever writes the row and however they are spaced or written.
CREATE FUNCTION publicity_refuse_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told text;
    chinese text;
BEGIN
    FOR told IN SELECT value FROM jsonb_each_text(to_jsonb(NEW)) WHERE value IS NOT NULL LOOP
        chinese := regexp_replace(told, '[^一-鿿]', '', 'g');
        IF chinese ~ '失[独獨]|[伤傷][残殘]' OR EXISTS (
            SELECT 1 FROM org_codeentry AS word WHERE word.list = 'forbidden_word'
            AND (position(word.label IN chinese) > 0 OR position(lower(word.label_en) IN lower(told)) > 0)
        ) THEN
            RAISE EXCEPTION 'a public notice contains a forbidden word' USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;

CREATE TRIGGER publicity_words_notice BEFORE INSERT OR UPDATE ON publicity_notice
    FOR EACH ROW EXECUTE FUNCTION publicity_refuse_words();
CREATE TRIGGER publicity_words_line BEFORE INSERT OR UPDATE ON publicity_line
    FOR EACH ROW EXECUTE FUNCTION publicity_refuse_words();
CREATE TRIGGER publicity_words_figure BEFORE INSERT OR UPDATE ON publicity_figure
    FOR EACH ROW EXECUTE FUNCTION publicity_refuse_words();

-- A health project has figures, never a list.
CREATE FUNCTION publicity_refuse_health() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM publicity_sheet AS sheet JOIN publicity_notice AS notice ON notice.id = sheet.notice_id
        WHERE sheet.id = NEW.sheet_id AND (notice.kind = 'health' OR EXISTS (
            SELECT 1 FROM org_codeentry AS kind WHERE kind.list = 'notice_kind' AND kind.code = notice.kind
            AND kind.data ->> 'health' = 'true'))
    ) THEN
        RAISE EXCEPTION 'nobody is listed for a health project' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER publicity_no_health BEFORE INSERT ON publicity_line
    FOR EACH ROW EXECUTE FUNCTION publicity_refuse_health();

-- What was made public is not rewritten: it is taken down.
CREATE TRIGGER publicity_keep_line BEFORE UPDATE ON publicity_line FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER publicity_keep_figure BEFORE UPDATE ON publicity_figure FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER publicity_keep_sheet BEFORE UPDATE ON publicity_sheet FOR EACH ROW
    WHEN ((NEW.notice_id, NEW.place, NEW.digest) IS DISTINCT FROM (OLD.notice_id, OLD.place, OLD.digest)
          OR NEW.salt NOT IN ('', OLD.salt)) EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER publicity_keep_notice BEFORE UPDATE ON publicity_notice FOR EACH ROW
    WHEN ((NEW.number, NEW.kind, NEW.title, NEW.basis, NEW.contact, NEW.from_date, NEW.until, NEW.covered)
          IS DISTINCT FROM
          (OLD.number, OLD.kind, OLD.title, OLD.basis, OLD.contact, OLD.from_date, OLD.until, OLD.covered)
          OR (OLD.state = 'taken_down' AND NEW.state <> 'taken_down')) EXECUTE FUNCTION audit_refuse();
"""

DROP = """
DROP TRIGGER publicity_words_notice ON publicity_notice;
DROP TRIGGER publicity_words_line ON publicity_line;
DROP TRIGGER publicity_words_figure ON publicity_figure;
DROP TRIGGER publicity_no_health ON publicity_line;
DROP TRIGGER publicity_keep_line ON publicity_line;
DROP TRIGGER publicity_keep_figure ON publicity_figure;
DROP TRIGGER publicity_keep_sheet ON publicity_sheet;
DROP TRIGGER publicity_keep_notice ON publicity_notice;
DROP FUNCTION publicity_refuse_words();
DROP FUNCTION publicity_refuse_health();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('audit', '0002_guards'),
        ('org', '0002_the_powers_apart'),
    ]

    operations = [
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.CharField(max_length=40, unique=True)),
                ('kind', models.CharField(max_length=20)),
                ('stage', models.CharField(blank=True, default='', max_length=20)),
                ('title', models.CharField(max_length=120)),
                ('basis', models.CharField(blank=True, default='', max_length=200)),
                ('contact', models.CharField(max_length=200)),
                ('from_date', models.DateField()),
                ('until', models.DateField()),
                ('state', models.CharField(choices=[('public', 'public'), ('taken_down', 'taken down')], default='public', max_length=12)),
                ('covered', models.PositiveIntegerField()),
                ('decided_by', models.CharField(max_length=80)),
                ('made_label', models.CharField(max_length=140)),
                ('taken_down_at', models.DateTimeField(null=True)),
                ('taken_down_because', models.CharField(blank=True, default='', max_length=400)),
                ('version', models.PositiveIntegerField(default=1)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='org.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['unit', 'kind', 'from_date'], name='notice_unit_kind')],
                'constraints': [models.CheckConstraint(condition=models.Q(('until__gte', models.F('from_date'))), name='notice_dates')],
            },
        ),
        migrations.CreateModel(
            name='Figure',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('label', models.CharField(blank=True, default='', max_length=60)),
                ('number', models.PositiveIntegerField(null=True)),
                ('notice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='figures', to='publicity.notice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('notice', 'label'), name='figure_once'), models.CheckConstraint(condition=models.Q(('number__isnull', True), ('number__gte', 5), _connector='OR'), name='figure_not_small')],
            },
        ),
        migrations.CreateModel(
            name='Sheet',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('place', models.CharField(choices=[('board', 'village board'), ('web', 'web')], max_length=5)),
                ('salt', models.CharField(blank=True, default='', max_length=32)),
                ('digest', models.CharField(max_length=64)),
                ('total_amount', models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ('notice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sheets', to='publicity.notice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('notice', 'place'), name='sheet_once')],
            },
        ),
        migrations.CreateModel(
            name='Line',
            fields=[
                ('id', models.UUIDField(default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=60)),
                ('identity', models.CharField(blank=True, default='', max_length=8)),
                ('locality', models.CharField(blank=True, default='', max_length=120)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ('sheet', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='publicity.sheet')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('sheet', 'position'), name='line_once'), models.CheckConstraint(condition=models.Q(('name__regex', '[0-9０-９]'), _negated=True), name='line_name_without_number'), models.CheckConstraint(condition=models.Q(('identity', ''), ('identity__regex', '^\\*{4}[0-9]{3}[0-9X]$'), _connector='OR'), name='line_identity_masked'), models.CheckConstraint(condition=models.Q(('locality__regex', '[0-9０-９]{5}'), _negated=True), name='line_locality_no_number')],
            },
        ),
        migrations.CreateModel(
            name='Subject',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('family_id', models.UUIDField()),
                ('case_id', models.UUIDField(null=True)),
                ('notice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subjects', to='publicity.notice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('notice', 'position'), name='subject_once')],
            },
        ),
        migrations.RunSQL(GUARDS, DROP),
    ]
