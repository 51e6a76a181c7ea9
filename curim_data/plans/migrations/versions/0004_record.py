"""The record of who looked and did what: rows are added, and only old ones can be deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# Rows younger than this (seconds) are deleted by nobody. One day less than a city can set, so that clocks may differ.
YOUNG = 89 * 86_400
SQLITE = (
    "CREATE TRIGGER record_update BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
    "CREATE TRIGGER record_delete BEFORE DELETE ON record "
    f"WHEN OLD.at > CAST(strftime('%s', 'now') AS REAL) - {YOUNG} "
    "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
    # INSERT OR REPLACE deletes a row without the trigger of DELETE.
    "CREATE TRIGGER record_insert BEFORE INSERT ON record WHEN EXISTS (SELECT 1 FROM record WHERE id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
)
POSTGRESQL = (
    "CREATE FUNCTION record_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF TG_OP = 'DELETE' AND OLD.at <= extract(epoch FROM now()) - {YOUNG} THEN RETURN OLD; END IF; "
    "RAISE EXCEPTION 'the record is append-only'; END $$",
    "CREATE TRIGGER record_refuse BEFORE UPDATE OR DELETE ON record FOR EACH ROW EXECUTE FUNCTION record_refuse()",
    "CREATE TRIGGER record_whole BEFORE TRUNCATE ON record FOR EACH STATEMENT EXECUTE FUNCTION record_refuse()",
)


def upgrade() -> None:
    op.create_table(
        "record",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False, index=True),
        sa.Column("who", sa.String(254), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("deed", sa.String(16), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    dialect = op.get_bind().dialect.name
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}.get(dialect, ()):
        op.execute(sa.text(statement))


def downgrade() -> None:
    op.drop_table("record")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text("DROP FUNCTION record_refuse"))
