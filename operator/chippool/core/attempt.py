"""One way of one workload while it is searched for: what it has to mind and by what right it may displace others."""

from collections.abc import Iterator

from chippool.core.board import Board
from chippool.core.claim import Claim, Takes
from chippool.core.displacement import Bid
from chippool.core.quota import Passed
from chippool.core.regain import regained
from chippool.core.seeker import Option, Seeker

Right = tuple[Claim, Passed]
"""A claim, and the levels below which so many chips have to be given back for it to hold."""


class Attempt:
    """An option that could be; the board is the same until it is taken, so each thing is worked out once."""

    def __init__(self, board: Board, seeker: Seeker, option: Option) -> None:
        self.board, self.seeker, self.option = board, seeker, option
        self.minded = board.bookings.minded(seeker, option)
        """The reservations of others that it has to leave alone."""
        self.passed = board.ledger.passed(seeker.queue, option.pool, option.new)
        """The levels whose limit it would pass, and by how much."""
        self.floor = board.floor(option.pool, seeker.priority, replacing=not option.new)
        """Chips it has to leave free; what replaces a lost node is not `new`, and may use spares."""
        self.fits = 0
        """Replicas there is room for as it is."""
        path = board.tree.paths.get(seeker.queue, ()) if self.minded else ()
        self.has_quota = all(one.has_quota(path, option.new) for one in self.minded)
        """Whether it leaves those who are next their part of the limits."""
        self._claim: Claim | None = None
        self._bid: Bid | None = None
        self._regained: list[Right] | None = None

    @property
    def claim(self) -> Claim:
        """By what right it may displace others in the option's pool."""
        if self._claim is None:
            self._claim = self._its_claim()
        return self._claim

    def _its_claim(self) -> Claim:
        board, seeker, option = self.board, self.seeker, self.option
        within = () if option.scavenges else board.ledger.within(seeker.queue, option.pool, option.new)
        key = (seeker.queue, seeker.priority, within, option.scavenges, seeker.spared, seeker.grows)
        found = board.claims.get(key)
        if found is None:
            path, external = board.tree.paths.get(seeker.queue, ()), seeker.queue in board.tree.external
            takes = Takes.YIELDED if seeker.grows else Takes.ALL
            found = Claim(seeker.priority, path, within, option.scavenges, external, seeker.spared, takes)
            board.claims[key] = found
        return found

    def is_hopeless(self) -> bool:
        """Whether it is certain that nobody can make room for it, by sums that are the same for all of its priority.

        Most of those who wait are told so, and nothing has to be worked out for their own queue.
        """
        if not self.has_quota:  # others are next, and need what the limits leave
            return True
        board, seeker, option, claim = self.board, self.seeker, self.option, self.claim
        if any(claim.within):
            return False
        tenancy, priority = board.tenancy(option.pool), seeker.priority
        if tenancy.shelf.free_in_all() + tenancy.reach(priority) >= self.bid(option, claim, self.passed).needed:
            return False
        regains = () if claim.scavenges else board.ledger.beyond(seeker.queue, option.pool, option.new)
        return all(tenancy.reach(priority, i) < over for i, over in regains)

    @property
    def own_right(self) -> Right:
        return self.claim, self.passed

    def rights(self) -> Iterator[Right]:
        """Its own first, then those it would have with guarantees regained."""
        yield self.own_right
        if self._regained is None:
            option = self.option
            self._regained = regained(self.board, self.seeker.queue, option.pool, option.new, self.claim, self.passed)
        yield from self._regained

    def bid(self, option: Option, claim: Claim, passed: Passed) -> Bid:
        """What it asks for by this right; `option` is its own, or the same in one domain."""
        if self._bid is None:
            self._bid = self._its_bid()
        own = self._bid
        if option is self.option and claim is self._claim:
            return own
        return Bid(option.variant.ask, own.replicas, claim, passed, own.floor, own.closed)

    def _its_bid(self) -> Bid:
        option, shelf = self.option, self.board.shelves[self.option.pool]
        floor = min(self.floor, shelf.free_in_all()) if self.floor else 0
        closed = 0
        for one in self.minded:
            closed |= one.nodes
        return Bid(option.variant.ask, option.replicas, self.claim, self.passed, floor, closed)
