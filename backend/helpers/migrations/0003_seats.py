"""Seats of a family for helpers of a kind, and the rules of kinds as data."""

from datetime import date

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

ELDERS = ["empty_nest", "seasonal_empty_nest", "left_behind_elder", "bereaved", "disabled_child"]
RULES = {
    "soldier_son": {"categories": ELDERS},
    "league_child": {"categories": ELDERS, "per_family": 2},
    "volunteer": {"per_family": 2},
    "neighbour": {"per_family": 2},
    "mother": {"categories": ["left_behind_child"]},
    "dream_girl": {"categories": ["girl", "two_girls", "left_behind_child"]},
    "dual_contact": {
        "categories": ["bereaved", "disabled_child"],
        "per_family": 2,
        "statutory": True,
        "max_families": 200,
        "months": 0,
        "cadence_days": 30,
        "renewal_months": 0,
    },
    "one_to_one": {"categories": ["bereaved", "disabled_child", "empty_nest", "seasonal_empty_nest"]},
    "group_service": {"per_family": 2, "is_group": True, "max_families": 50},
}
"""What the shipped kinds say of themselves since there are columns for it."""


def fill_kinds(apps, schema_editor):
    """The shipped kinds get their rules."""
    kinds = apps.get_model("helpers", "HelperKind").objects
    for code, rules in RULES.items():
        kinds.filter(code=code).update(**rules)


def fill_seats(apps, schema_editor):
    """Every spell gets the lowest seat that nobody holds on its days; most stay on the first."""
    pairings = apps.get_model("helpers", "Pairing").objects
    place, ends = None, {}
    columns = ("pk", "family_id", "kind_id", "from_date", "to_date")
    for pk, family, kind, begin, end in pairings.order_by("family_id", "kind_id", "from_date", "pk").values_list(*columns):
        if (family, kind) != place:
            place, ends = (family, kind), {}
        seat = next(seat for seat in range(1, len(ends) + 2) if seat not in ends or ends[seat] <= begin)
        ends[seat] = max(ends.get(seat, end or date.max), end or date.max)
        if seat > 1:
            pairings.filter(pk=pk).update(seat=seat)


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0005_roster_rows'),
        ('helpers', '0002_candidate'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='helperkind',
            name='categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), blank=True, default=list, size=None),
        ),
        migrations.AddField(
            model_name='helperkind',
            name='is_group',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='helperkind',
            name='per_family',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='helperkind',
            name='renewal_months',
            field=models.PositiveSmallIntegerField(default=12),
        ),
        migrations.AddField(
            model_name='helperkind',
            name='statutory',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='pairing',
            name='handed_over_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='pairing',
            name='seat',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.RunPython(fill_kinds, migrations.RunPython.noop),
        migrations.RunPython(fill_seats, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='pairing',
            constraint=models.CheckConstraint(condition=models.Q(('handed_over_on__isnull', True), ('handed_over_on__gte', models.F('from_date')), _connector='OR'), name='pairing_handed_over'),
        ),
        migrations.AddConstraint(
            model_name='pairing',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('family', '='), ('kind', '='), ('seat', '='), (models.Func(models.F('from_date'), django.db.models.functions.comparison.Least(models.F('to_date'), models.F('handed_over_on')), function='daterange'), '&&')], name='pairing_one_seat'),
        ),
    ]
