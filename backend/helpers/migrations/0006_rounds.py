"""Rounds of reconciliation, what villages report in them, and the differences found."""

import backend.core.crypto
import backend.core.models
import django.contrib.postgres.constraints
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0006_helper_named_on"),
        ("helpers", "0005_suspensions"),
        ("org", "0003_sessions_ended"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Round",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("from_date", models.DateField()),
                ("to_date", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "under way"), ("comparing", "being compared"), ("closed", "closed")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("opened_label", models.CharField(max_length=140)),
                ("runs", models.PositiveIntegerField(default=0)),
                ("compared_at", models.DateTimeField(blank=True, null=True)),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("helping", models.PositiveIntegerField(default=0)),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("closed_label", models.CharField(blank=True, default="", max_length=140)),
                ("figures", models.JSONField(blank=True, default=list)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "opened_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rounds", to="org.unit"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Difference",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("unit_path", models.CharField(db_collation="C", max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("interrupted", "came, but not any more"),
                            ("never_came", "never came"),
                            ("replaced", "another one helps"),
                            ("not_on_file", "not on file"),
                            ("two_for_one", "two for one place"),
                            ("over_capacity", "more families than allowed"),
                            ("ended_on_paper", "ended on paper, still helping"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "to be settled"),
                            ("waiting", "to be confirmed by the supervisor"),
                            ("settled", "settled"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("named", backend.core.crypto.EncryptedText(blank=True, default="")),
                ("helper_kind", models.CharField(blank=True, default="", max_length=20)),
                ("since", models.DateField(blank=True, null=True)),
                ("sources", models.JSONField(default=list)),
                ("count", models.PositiveSmallIntegerField(default=0)),
                ("key", models.BinaryField(max_length=32)),
                ("subject", models.BinaryField(max_length=32)),
                ("run", models.PositiveIntegerField()),
                ("last_run", models.PositiveIntegerField()),
                (
                    "settlement",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("confirm", "the file is right"),
                            ("end", "the pairing has ended"),
                            ("reselect", "somebody else is looked for"),
                            ("register", "the reported helper is taken into the file"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("end_reason", models.CharField(blank=True, default="", max_length=40)),
                ("ended_on", models.DateField(blank=True, null=True)),
                ("note", backend.core.crypto.EncryptedText(blank=True, default="")),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("settled_label", models.CharField(blank=True, default="", max_length=140)),
                ("confirmed_label", models.CharField(blank=True, default="", max_length=140)),
                ("returned", backend.core.crypto.EncryptedText(blank=True, default="")),
                ("instance_id", models.UUIDField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "case",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="differences",
                        to="cases.case",
                    ),
                ),
                (
                    "family",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="differences", to="cases.family"),
                ),
                (
                    "helper",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="helpers.helper"
                    ),
                ),
                (
                    "pairing",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="helpers.pairing"
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="differences", to="helpers.round"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VillageReport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("note", backend.core.crypto.EncryptedText(blank=True, default="")),
                ("reported_label", models.CharField(max_length=140)),
                ("reported_at", models.DateTimeField()),
                (
                    "family",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="village_reports", to="cases.family"),
                ),
                (
                    "reported_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reports", to="helpers.round"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReportLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=backend.core.models.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "reality",
                    models.CharField(
                        choices=[
                            ("helping", "still helping"),
                            ("interrupted", "came, but not any more"),
                            ("never", "never came"),
                        ],
                        max_length=12,
                    ),
                ),
                ("since", models.DateField(blank=True, null=True)),
                ("named", backend.core.crypto.EncryptedText(blank=True, default="")),
                ("kind", models.CharField(blank=True, default="", max_length=20)),
                (
                    "helper",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="helpers.helper"
                    ),
                ),
                (
                    "pairing",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="helpers.pairing"
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="helpers.villagereport"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="round",
            constraint=models.CheckConstraint(
                condition=models.Q(("to_date__gte", models.F("from_date"))), name="round_dates"
            ),
        ),
        migrations.AddConstraint(
            model_name="round",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("unit", "="),
                    (
                        models.Func(
                            models.F("from_date"), models.F("to_date"), models.Value("[]"), function="daterange"
                        ),
                        "&&",
                    ),
                ],
                name="round_no_overlap",
            ),
        ),
        migrations.AddIndex(
            model_name="difference",
            index=models.Index(fields=["unit_path", "id"], name="difference_place"),
        ),
        migrations.AddIndex(
            model_name="difference",
            index=models.Index(fields=["round", "state", "id"], name="difference_round"),
        ),
        migrations.AddIndex(
            model_name="difference",
            index=models.Index(
                condition=models.Q(("state", "settled"), _negated=True), fields=["subject"], name="difference_subject"
            ),
        ),
        migrations.AddConstraint(
            model_name="difference",
            constraint=models.UniqueConstraint(fields=("round", "key"), name="difference_once"),
        ),
        migrations.AddConstraint(
            model_name="villagereport",
            constraint=models.UniqueConstraint(fields=("round", "family"), name="village_report_once"),
        ),
    ]
