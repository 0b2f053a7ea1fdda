"""The central part: ingest, ledger, measure, judge, report, web."""
