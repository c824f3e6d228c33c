"""What was measured, as a file: for people (HTML, Markdown) and for programs (JSON, CSV, Parquet)."""
