"""Alembic's entry: runs the steps on the connection that the plan store hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    transactional_ddl=False,
)
context.run_migrations()
