"""Who works here: accounts, roles, groups, sessions.

Revision 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
GROUPS = ("agents", "finance", "supervisors", "warehouse")


def upgrade():
    _accounts()
    _groups()
    _logins()


def _texts(*names):
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _moments(*names):
    return [sa.Column(name, MOMENT, nullable=False) for name in names]


def _of_account(table):
    name = op.f(f"fk_{table}_staff_id")
    return sa.ForeignKeyConstraint(["staff_id"], ["staff_accounts.staff_id"], name=name)


def _accounts():
    op.create_table(
        "staff_accounts",
        *_texts("staff_id", "display_name", "mail", "password_hash"),
        sa.Column("active", sa.Boolean(), nullable=False),
        *_moments("created_at", "changed_at"),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_accounts")),
    )
    op.create_table(
        "staff_roles",
        *_texts("staff_id", "role"),
        _of_account("staff_roles"),
        sa.PrimaryKeyConstraint("staff_id", "role", name=op.f("pk_staff_roles")),
    )


def _groups():
    groups = op.create_table(
        "staff_groups", *_texts("name"), sa.PrimaryKeyConstraint("name", name=op.f("pk_staff_groups"))
    )
    op.bulk_insert(groups, [{"name": name} for name in GROUPS])
    op.create_table(
        "staff_members",
        *_texts("name", "staff_id"),
        sa.ForeignKeyConstraint(["name"], ["staff_groups.name"], name=op.f("fk_staff_members_name")),
        _of_account("staff_members"),
        sa.PrimaryKeyConstraint("name", "staff_id", name=op.f("pk_staff_members")),
    )


def _logins():
    op.create_table(
        "staff_sessions",
        *_texts("token_hash", "staff_id"),
        *_moments("created_at", "authenticated_at", "used_at", "expires_at"),
        _of_account("staff_sessions"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_sessions")),
    )
    op.create_index(op.f("ix_staff_sessions_staff_id"), "staff_sessions", ["staff_id"])
    op.create_table(
        "login_attempts",
        *_texts("whose"),
        sa.Column("failures", sa.Integer(), nullable=False),
        *_moments("not_before", "forgotten_at"),
        sa.PrimaryKeyConstraint("whose", name=op.f("pk_login_attempts")),
    )
    op.create_index(op.f("ix_login_attempts_forgotten_at"), "login_attempts", ["forgotten_at"])


def downgrade():
    raise NotImplementedError("restore a backup instead")
