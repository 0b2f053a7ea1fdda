"""The monthly report and its files."""
