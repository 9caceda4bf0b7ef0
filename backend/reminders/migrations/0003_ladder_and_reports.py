from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reminders", "0002_guards")]

    operations = [
        migrations.AddField("reminder", "shown_only", models.BooleanField(default=False)),
        migrations.AddField("reminder", "decided_by", models.CharField(blank=True, default="", max_length=80)),
        migrations.AlterField(
            "try",
            "outcome",
            models.CharField(
                choices=[
                    ("marked", "about to be handed over"),
                    ("sent", "taken by the channel"),
                    ("refused", "not taken by the channel"),
                    ("unknown", "it is not known whether the channel took it"),
                    ("arrived", "the network says that it arrived"),
                    ("lost", "the network says that it did not arrive"),
                ],
                max_length=10,
            ),
        ),
    ]
