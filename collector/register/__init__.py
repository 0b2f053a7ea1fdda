"""Dated, append-only records."""
