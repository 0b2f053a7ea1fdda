"""Nadi's own backup: making it while the collector runs, restoring it, and proving that it can be restored."""
