"""Inventory and proposals from a table that people fill in: read, compared with what is registered, then applied."""
