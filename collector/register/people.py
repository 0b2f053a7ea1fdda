"""Who acts: names, roles, and the OPD for which somebody speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["penetap", "pemeriksa", "noc", "opd", "auditor", "admin"]
"""penetap determines and approves, pemeriksa checks, noc operates, opd speaks for one agency, auditor only reads,
admin keeps accounts and inventory."""

ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts, with all of his roles; ``opd`` is the code of the OPD for which he speaks ("": none)."""

    name: str
    roles: frozenset[Role]
    opd: str = ""

    def may_read(self, opd: str) -> bool:
        """Tell whether he may read what belongs to an OPD: who has only the role *opd* reads his own alone."""
        return bool(self.roles - {"opd"}) or ("opd" in self.roles and opd != "" and opd == self.opd)
