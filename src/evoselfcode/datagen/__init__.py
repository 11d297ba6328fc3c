"""Data for instruction tuning, from names on: each stage reads what the one before wrote."""
