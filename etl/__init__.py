"""lightfield-etl: bulk import of rows into Lightfield tasks, each row exactly once."""

__version__ = "0.1.0"
