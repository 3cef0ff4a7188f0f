"""What look-alikes were told: it holds for equal seekers until somebody gives something back."""

from chippool.core.plan import Shortage
from chippool.core.reasons import Reason
from chippool.core.seeker import Seeker

Answer = tuple[Reason, str, tuple[Shortage, ...]]


class Answers:
    """The answers of one state of the board; `releases` numbers the states."""

    def __init__(self) -> None:
        self._known: dict[Seeker, Answer] = {}
        self._releases = 0

    def of(self, seeker: Seeker, releases: int) -> Answer | None:
        """What an equal seeker was told in this state."""
        if self._releases != releases:
            self._known.clear()
            self._releases = releases
        return self._known.get(seeker) if self._known else None  # a seeker's hash takes as long as all the rest

    def keep(self, seeker: Seeker, answer: Answer) -> Answer:
        self._known[seeker] = answer
        return answer
