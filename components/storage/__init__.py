"""What lies on disk: SQLite files, arrays, cached scores, the log of past searches."""
