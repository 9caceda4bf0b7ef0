from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0003_a_last_day_to_pay'),
    ]

    operations = [
        migrations.AddField(
            model_name='payable',
            name='months',
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
