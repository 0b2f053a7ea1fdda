"""Outputs for other systems, one file each."""
