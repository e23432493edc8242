"""Market data as it was known: files, tables, calendars, taxes."""
