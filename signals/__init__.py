"""What the market says: market data as it was known, and each measure of it."""
