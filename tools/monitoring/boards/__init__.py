"""The dashboards, in the order a person comes to them."""

from tools.monitoring.boards.health import HEALTH
from tools.monitoring.boards.overview import OVERVIEW
from tools.monitoring.boards.pool import POOL
from tools.monitoring.boards.queues import QUEUES
from tools.monitoring.model import Board

BOARDS: tuple[Board, ...] = (OVERVIEW, POOL, QUEUES, HEALTH)
