"""What the rules of findings mean, for columns that show a rule's name."""

from __future__ import annotations

from collections.abc import Mapping

from collector.report.centre_words import FINDING

RULES: Mapping[str, str] = {
    **FINDING,
    "at_ceiling": "Pemakaian mencapai batas",
    "over_allocation": "Pemakaian melampaui alokasi padahal dibatasi",
    "snmp_v2c": "Dibaca dengan SNMP tanpa pengamanan",
}

GROUNDS: Mapping[str, str] = {
    "kapasitas": "Melampaui kapasitas",
    "akses_terlarang": "Akses terlarang",
    "penyalahgunaan": "Penyalahgunaan",
}
"""Grounds of disconnections and blockings."""
