"""A month that never was: who exists in it, what their links carried, and what must come out."""
