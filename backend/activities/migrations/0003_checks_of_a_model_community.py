from django.db import migrations, models

import backend.core.crypto


class Migration(migrations.Migration):

    dependencies = [
        ('activities', '0002_the_notice_of_an_honour'),
    ]

    operations = [
        migrations.AddField(
            model_name='honour',
            name='self_scores',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='honour',
            name='self_findings',
            field=backend.core.crypto.EncryptedText(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='honour',
            name='site_scores',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='honour',
            name='site_findings',
            field=backend.core.crypto.EncryptedText(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='honour',
            name='site_checked_on',
            field=models.DateField(null=True),
        ),
    ]
