from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0012_closing_and_blind_counts"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="bill",
            index=models.Index(
                fields=["settled_at"], condition=~models.Q(currency="KES"), name="payments_bill_in_dollars"
            ),
        ),
    ]
