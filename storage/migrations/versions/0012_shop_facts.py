"""What the warehouse and the carrier know of an order, and what is in stock.

Revision 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade():
    _shipments()
    _shipped_lines()
    _stock()


def _texts(*names):
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _counts(*names):
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _shipments():
    op.create_table(
        "shipments",
        *_texts("order_id", "carrier", "tracking"),
        sa.Column("shipped_at", MOMENT, nullable=True),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_shipments_order_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_shipments")),
    )


def _shipped_lines():
    op.create_table(
        "shipped_lines",
        *_texts("order_id", "line_id", "picked_sku", "shipped_sku"),
        *_counts("quantity", "expected_g", "weighed_g"),
        sa.CheckConstraint(
            "quantity >= 0 AND expected_g >= 0 AND weighed_g >= 0", name=op.f("ck_shipped_lines_not_below_zero")
        ),
        sa.ForeignKeyConstraint(
            ["order_id", "line_id"],
            ["order_lines.order_id", "order_lines.line_id"],
            name=op.f("fk_shipped_lines_order_id"),
        ),
        sa.PrimaryKeyConstraint("order_id", "line_id", name=op.f("pk_shipped_lines")),
    )


def _stock():
    op.create_table(
        "stock",
        *_texts("sku"),
        *_counts("available"),
        sa.Column("counted_at", MOMENT, nullable=False),
        sa.CheckConstraint("available >= 0", name=op.f("ck_stock_not_below_zero")),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_stock")),
    )


def downgrade():
    raise NotImplementedError("restore a backup instead")
