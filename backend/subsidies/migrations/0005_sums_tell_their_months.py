"""What was drawn up before sums told their months: those that the rates, or what they were short of, come to exactly
are told so. Any other stays as it was paid: equal parts."""

from datetime import date
from decimal import Decimal

from django.db import migrations
from django.db.models import Count

from backend.subsidies.amounts import due
from backend.subsidies.months import later, months_of, parts

NOTHING = Decimal("0.00")


def tell_months(apps, schema_editor):
    """Only of rights whose rate has changed: of any other the months are equal."""
    Entitlement = apps.get_model("subsidies", "Entitlement")
    changed = Entitlement.objects.exclude(cycle="once").annotate(count=Count("rates")).filter(count__gt=1)
    for row in changed.prefetch_related("rates").iterator(500):
        _tell(apps.get_model("payments", "Payable").objects.all(), row)


def _tell(payables, row):
    drawn: dict[date, Decimal] = {}
    for payable in payables.filter(reference_kind="entitlement", reference_id=str(row.pk)).order_by("id"):
        months = months_of(payable.period)
        short = {month: _due(row, month) - drawn.get(month, NOTHING) for month in months}
        told = {month: amount for month, amount in short.items() if amount > 0}
        if len(told) < 2 or sum(told.values()) != payable.amount:
            told = dict(zip(months, parts(payable.amount, len(months)), strict=True))
        elif not payable.months:
            payable.months = {f"{month:%Y-%m}": str(amount) for month, amount in told.items()}
            payable.save(update_fields=["months"])
        if payable.state != "cancelled":
            drawn.update({month: drawn.get(month, NOTHING) + amount for month, amount in told.items()})


def _due(row, month):
    return due(list(row.rates.all()), from_date=month, until_date=later(month, 1))


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0004_what_is_for_which_month'),
        ('subsidies', '0004_standards_are_kept'),
    ]

    operations = [migrations.RunPython(tell_months, migrations.RunPython.noop)]
