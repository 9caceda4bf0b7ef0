from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="family",
            name="event_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
