"""The database's history: one Alembic revision per step, its statements in SQL files."""
