"""Notes of visits that helpers who come after may read."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('visits', '0007_photos'),
    ]

    operations = [
        migrations.AddField(
            model_name='visit',
            name='is_shared',
            field=models.BooleanField(default=False),
        ),
    ]
