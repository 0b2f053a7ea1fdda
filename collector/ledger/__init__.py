"""The record: journal, day chunks, seals."""
