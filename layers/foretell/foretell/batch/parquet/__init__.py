"""Parquet: tables whose rows are read, and written, by DuckDB."""
