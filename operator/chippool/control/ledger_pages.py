"""The ledger as it is written: a ConfigMap for each day, in the operator's own namespace."""

from collections.abc import Callable
from dataclasses import replace

from chippool.control.configmaps import ConfigMaps
from chippool.core.ledger import Day
from chippool.kube.client import Client
from chippool.kube.writer import Outcome, Writer
from chippool.state.ledgers import LABEL, data_of, date_of, days_of, name_of


class Pages:
    """Reads them once, when the operator begins to lead, and writes them from then on."""

    def __init__(self, writer: Writer, client: Client, namespace: str) -> None:
        what = "the ledger is not written"
        self._maps = ConfigMaps(writer, client, namespace, label=LABEL, kind="ledger", what=what)
        self.complain = self._maps.complain
        self._over: dict[int, Day] = {}
        self._failed = False

    @property
    def behind(self) -> bool:
        """Something is to be written again."""
        return self._failed or bool(self._over)

    async def read(self) -> list[Day]:
        """Return all there are, in order: the last is where the ledger stopped. ApiError: they can't be read."""
        found, self._over = await self._maps.read(), {}
        return days_of(found)

    def close(self, day: Day) -> None:
        """Take in a day that is over."""
        self._over[day.day] = replace(day, held={}, stock={})

    def write(self, day: Day) -> None:
        """Write the day that runs, and those that are over and not written yet."""
        self._failed = False
        for one in (*self._over.values(), day):
            self._maps.write(name_of(one.day), date_of(one.day), data_of(one), self._landed(one.day))

    def _landed(self, day: int) -> Callable[[Outcome], None]:
        def done(outcome: Outcome) -> None:
            match outcome:
                case Outcome.DONE:
                    self._over.pop(day, None)
                case Outcome.LAPSED | Outcome.SUPERSEDED:
                    pass
                case _:
                    self._failed = True

        return done
