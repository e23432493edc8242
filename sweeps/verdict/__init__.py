"""The verdict: every statistic of a sweep."""
