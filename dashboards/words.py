"""What the rules of findings mean, for columns that show a rule's name."""

from __future__ import annotations

from collections.abc import Mapping

from collector.report.centre_words import FINDING

RULES: Mapping[str, str] = {
    **FINDING,
    "at_ceiling": "Pemakaian mencapai batas",
    "over_allocation": "Pemakaian melampaui alokasi padahal dibatasi",
    "snmp_v2c": "Dibaca dengan SNMP tanpa pengamanan",
    "line_difference": "Kedua ujung tautan berbeda",
    "line_silence": "Satu ujung tautan diam",
    "log_check_overdue": "Pemeriksaan log lewat tenggat",
    "report_undelivered": "Laporan belum disampaikan",
    "followup_overdue": "Tindak lanjut lewat tenggat",
    "disconnection_overdue": "Pemutusan lewat rencana selesai",
    "incident_unanswered": "Insiden belum ditanggapi",
    "incident_unrestored": "Insiden lewat waktu pulih",
    "contract_ends": "Kontrak akan berakhir tanpa lanjutan",
    "contract_ends_next": "Kontrak hampir berakhir tanpa lanjutan",
    "contract_ends_soon": "Kontrak segera berakhir tanpa lanjutan",
    "contract_ended": "Kontrak berakhir, hulunya masih dipakai",
    "outage_unrecorded": "Tautan pernah mati tanpa insiden",
}

GROUNDS: Mapping[str, str] = {
    "kapasitas": "Melampaui kapasitas",
    "akses_terlarang": "Akses terlarang",
    "penyalahgunaan": "Penyalahgunaan",
}
"""Grounds of disconnections and blockings."""
