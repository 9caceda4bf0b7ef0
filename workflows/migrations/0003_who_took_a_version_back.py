from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workflows', '0002_in_whose_place_a_step_was_done'),
    ]

    operations = [
        migrations.AddField(
            model_name='process',
            name='retired_by',
            field=models.CharField(blank=True, default='', max_length=120),
        ),
    ]
