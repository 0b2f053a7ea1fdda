"""Every register by its name."""

from __future__ import annotations

from typing import Final

from collector.register.kinds import table
from collector.register.records.change import CHANGE
from collector.register.records.contract import CONTRACT_TERMS
from collector.register.records.delivery import DELIVERY
from collector.register.records.disconnection import DISCONNECTION
from collector.register.records.followup import FOLLOWUP
from collector.register.records.incident import INCIDENT
from collector.register.records.logcheck import LOGCHECK
from collector.register.records.maintenance import MAINTENANCE
from collector.register.records.priority import PRIORITY
from collector.register.records.proposal import PROPOSAL
from collector.register.records.report_state import REPORT_STATE
from collector.register.records.service_level import SERVICE_LEVEL

KINDS: Final = table(
    (
        PROPOSAL,
        PRIORITY,
        DISCONNECTION,
        MAINTENANCE,
        SERVICE_LEVEL,
        CONTRACT_TERMS,
        INCIDENT,
        CHANGE,
        FOLLOWUP,
        DELIVERY,
        LOGCHECK,
        REPORT_STATE,
    )
)
