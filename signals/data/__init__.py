"""Market data: files, series with their release dates, the trading calendar, stamp tax."""
