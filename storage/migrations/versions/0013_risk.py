"""Chargebacks, block and allow lists, marks of cases; contacts and age of accounts.

Revision 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade():
    _accounts()
    _list_entries()
    _chargebacks()
    _case_marks()
    op.create_index(op.f("ix_orders_payment_fingerprint"), "orders", ["payment_fingerprint"])
    op.create_index(op.f("ix_orders_address_hash"), "orders", ["address_hash"])
    op.create_index(op.f("ix_tenders_provider_reference"), "tenders", ["provider", "reference"])


def _accounts():
    for column in (
        sa.Column("phone", sa.String(), nullable=False, server_default=""),
        sa.Column("contact_verified", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("guest", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("since", MOMENT, nullable=True),
    ):
        op.add_column("accounts", column)


def _texts(*names):
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _list_entries():
    op.create_table(
        "list_entries",
        *_texts("entry_id", "listing", "kind", "value", "reason", "listed_by"),
        sa.Column("listed_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        *_texts("removed_by"),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_list_entries")),
    )
    op.create_index(op.f("ix_list_entries_kind_value"), "list_entries", ["kind", "value"])


def _chargebacks():
    op.create_table(
        "chargebacks",
        *_texts("provider", "dispute_id", "payment_reference", "other_reference", "order_id", "state"),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_chargebacks_amount_above_zero")),
        sa.PrimaryKeyConstraint("provider", "dispute_id", name=op.f("pk_chargebacks")),
    )
    for columns in (["provider", "payment_reference"], ["provider", "other_reference"], ["order_id"], ["opened_at"]):
        op.create_index(op.f(f"ix_chargebacks_{'_'.join(columns)}"), "chargebacks", columns)


def _case_marks():
    op.create_table(
        "case_marks",
        *_texts("number", "mark", "marked_by"),
        sa.Column("marked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number", "mark", name=op.f("pk_case_marks")),
    )


def downgrade():
    raise NotImplementedError("restore a backup instead")
