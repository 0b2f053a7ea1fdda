"""What the registers of a controller mean: maps as tables, and their words as fields. Pure: no network."""
