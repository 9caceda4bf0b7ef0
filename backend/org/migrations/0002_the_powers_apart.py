from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('org', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='membership',
            name='role',
            field=models.CharField(choices=[('caseworker', 'caseworker'), ('supervisor', 'supervisor'), ('village', 'village worker'), ('committee', 'village review committee'), ('county', 'county reviewer'), ('finance', 'finance officer'), ('leading_group', "leading group's office"), ('head', 'head of a unit'), ('helper', 'helper'), ('liaison', 'liaison of a partner unit'), ('auditor', 'auditor'), ('dpo', 'data protection officer'), ('sysadmin', 'system administrator'), ('secadmin', 'security administrator'), ('auditadmin', 'audit administrator')], max_length=20),
        ),
    ]
