"""Where customers want their money: destinations, encrypted.

Revision 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "payees",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("token", "number", "customer_id", "method", "masked", "key_id")
        ),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_payees")),
    )
    op.create_index(op.f("ix_payees_number"), "payees", ["number"])
    op.create_index(op.f("ix_payees_customer_id"), "payees", ["customer_id"])


def downgrade():
    raise NotImplementedError("restore a backup instead")
