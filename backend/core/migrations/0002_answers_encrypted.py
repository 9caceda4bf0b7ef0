from django.db import migrations

import backend.core.crypto


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.RemoveField(model_name="answer", name="body"),
        migrations.AddField(model_name="answer", name="body", field=backend.core.crypto.EncryptedText(default="")),
    ]
