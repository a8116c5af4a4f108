"""The table of the page; Wagtail's own migrations make those that it inherits from."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Create the page."""

    dependencies = (("wagtailcore", "0094_alter_page_locale"),)
    operations = (
        migrations.CreateModel(
            name="ShowingPage",
            fields=[
                (
                    "page_ptr",
                    models.OneToOneField(
                        "wagtailcore.Page",
                        models.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("body", models.TextField(blank=True)),
            ],
            bases=("wagtailcore.page",),
        ),
    )
