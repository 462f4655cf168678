"""What each case used of the budgets of automatic refunds, so that what is not paid can be given back.

Revision 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "budget_uses",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("scope", "key", "currency")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("minor", "kept")),
        sa.CheckConstraint("kept >= 0 AND kept <= minor", name=op.f("ck_budget_uses_kept_of_what_was_used")),
        sa.PrimaryKeyConstraint("number", "day", "scope", "key", "currency", name=op.f("pk_budget_uses")),
    )


def downgrade():
    raise NotImplementedError("restore a backup instead")
