"""Who is behind a pseudonym of the operations log, through which door they came, and the daily seals.

Revision 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UNSEALED = "sealed_seq < seq"

SQLITE_TRIGGER = """
CREATE TRIGGER audit_seals_refuses_{event} BEFORE {event} ON audit_seals
BEGIN SELECT RAISE(ABORT, 'audit_seals is append-only: {event} is refused'); END
"""

POSTGRESQL_TRIGGER = """
CREATE TRIGGER audit_seals_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def upgrade():
    for column in ("channel", "why"):
        op.add_column("audit", sa.Column(column, sa.String(), nullable=False, server_default=""))
    op.add_column("audit_heads", sa.Column("sealed_seq", sa.Integer(), nullable=False, server_default="0"))
    where = sa.text(UNSEALED)
    op.create_index("ix_audit_heads_unsealed", "audit_heads", ["number"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "audit_seals",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heads", sa.Integer(), nullable=False),
        *_texts("seal"),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_audit_seals")),
    )
    _guard_seals()
    op.create_table(
        "audit_words",
        *_texts("number"),
        sa.Column("seq", sa.Integer(), nullable=False),
        *_texts("salt", "text"),
        sa.PrimaryKeyConstraint("number", "seq", name=op.f("pk_audit_words")),
    )
    op.create_table(
        "people",
        *_texts("pseudonym", "kind", "person_id", "salt"),
        sa.PrimaryKeyConstraint("pseudonym", name=op.f("pk_people")),
        sa.UniqueConstraint("kind", "person_id", name=op.f("uq_people_kind_person_id")),
    )


def _guard_seals():
    if op.get_bind().dialect.name == "sqlite":
        for event in ("update", "delete"):
            op.execute(SQLITE_TRIGGER.format(event=event))
    else:
        op.execute(POSTGRESQL_TRIGGER)


def _texts(*names):
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def downgrade():
    raise NotImplementedError("restore a backup instead")
