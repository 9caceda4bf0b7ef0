"""When a roster last named a family's helper."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0005_roster_rows"),
    ]

    operations = [
        migrations.AddField(
            model_name="family",
            name="helper_named_on",
            field=models.DateField(blank=True, null=True),
        ),
    ]
