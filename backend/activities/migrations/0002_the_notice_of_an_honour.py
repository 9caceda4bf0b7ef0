from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activities', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='honour',
            name='notice_id',
            field=models.UUIDField(null=True),
        ),
    ]
