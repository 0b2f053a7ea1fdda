"""The boards, in the order of their numbers."""

from dashboards.boards.agency import AGENCY
from dashboards.boards.copies import COPIES
from dashboards.boards.evaluation import EVALUATIONS
from dashboards.boards.health import HEALTH
from dashboards.boards.links import LINKS
from dashboards.boards.noc import NOC
from dashboards.boards.outages import OUTAGES
from dashboards.boards.power import POWER
from dashboards.boards.servers import SERVERS
from dashboards.model import Board

BOARDS: tuple[Board, ...] = (NOC, AGENCY, LINKS, EVALUATIONS, SERVERS, POWER, COPIES, OUTAGES, HEALTH)
