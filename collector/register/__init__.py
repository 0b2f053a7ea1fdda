"""Dated, append-only records: inventory revisions, allocations, contracts, access, audit log.

``revisions.Register`` opens the database and holds the parts; ``document.read`` reads an inventory file.
"""
