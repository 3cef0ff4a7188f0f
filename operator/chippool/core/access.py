"""Rule 3: who may use a pool: the first entry of its access list that matches a queue's tenancy and a class."""

from chippool.core.ids import ClassName
from chippool.core.model import Access, Pool

_OWN = Access()


def access_of(pool: Pool, class_name: ClassName, *, external: bool) -> Access | None:
    """The entry that lets them in; None if none does. Without a list every Internal queue has its own use."""
    if not pool.access:
        return None if external else _OWN
    return next((entry for entry in pool.access if _matches(entry, class_name, external=external)), None)


def scavenges(pool: Pool, class_name: ClassName, *, external: bool) -> bool:
    """Whether its list gives them only what nobody else waits for; who is not let in any more keeps what it has."""
    entry = access_of(pool, class_name, external=external)
    return entry is not None and entry.scavenge


def _matches(entry: Access, class_name: ClassName, *, external: bool) -> bool:
    return entry.external == external and (entry.classes is None or class_name in entry.classes)
