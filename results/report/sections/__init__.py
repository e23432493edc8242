"""The statistical sections of the report page: a file a part of statistics.json."""
