"""The same cluster with every feature in use: what a decision costs there is what the policy costs."""

import random
from collections import Counter
from dataclasses import replace

from chippool.core.ids import ClassName, PoolName, QueueName
from chippool.core.model import Access, Pool, Queue, Reserve, Snapshot, Workload
from tools.bench.world import CHIPS, NOW, Scale, a_world

_ROOTS, _TEAMS = 20, 200
_PROMISED = 0.9
"""Of every pool's stock, by the guarantees of all teams together."""
_LIMITED, _RESOLD = 4, 20
"""Every so-manieth team has limits; every so-manieth root is External."""
_SCAVENGED = PoolName("nvidia-h20")
_RESERVED = Reserve(64_000, ClassName("revenue"), spares=True)
_HOUR = 3600.0


def all_on(scale: Scale) -> Snapshot:
    """A tree of queues with guarantees, limits and weights, one of them External; scavenging, reserve, respite."""
    plain, chance = a_world(scale), random.Random(f"features {scale.nodes} {scale.seed}")
    teams = [QueueName(f"team-{i:03d}") for i in range(_TEAMS)]
    return replace(
        plain,
        queues={q.name: q for q in (*_roots(plain), *_teams(plain, teams, chance))},
        pools={name: _shared(pool) for name, pool in plain.pools.items()},
        workloads={key: _owned(w, chance.choice(teams), chance) for key, w in plain.workloads.items()},
    )


def _roots(plain: Snapshot) -> list[Queue]:
    names = [QueueName(f"root-{i:02d}") for i in range(_ROOTS)]
    return [
        Queue(name, frozenset(plain.classes), (), weight=1 + i % 3, external=i % _RESOLD == _RESOLD - 1)
        for i, name in enumerate(names)
    ]


def _teams(plain: Snapshot, names: list[QueueName], chance: random.Random) -> list[Queue]:
    stock = Counter(n.pools[0] for n in plain.nodes.values())
    return [
        Queue(
            name,
            frozenset(plain.classes),
            (),
            limits={p: 3 * CHIPS * nodes // _TEAMS * 1000 for p, nodes in stock.items()} if i % _LIMITED == 0 else {},
            parent=QueueName(f"root-{i % _ROOTS:02d}"),
            weight=chance.randint(1, 3),
            guaranteed={
                p: int(CHIPS * nodes * _PROMISED / _TEAMS * chance.uniform(0.3, 1.7)) * 1000
                for p, nodes in stock.items()
            },
        )
        for i, name in enumerate(names)
    ]


def _shared(pool: Pool) -> Pool:
    """Batch work scavenges in one pool, External queues in all of them."""
    batch = (Access(frozenset({ClassName("batch")}), scavenge=True),) if pool.name == _SCAVENGED else ()
    return replace(pool, access=(*batch, Access(), Access(external=True, scavenge=True)), reserve=(_RESERVED,))


def _owned(workload: Workload, team: QueueName, chance: random.Random) -> Workload:
    """Its team's, with a say in when it may be displaced and how long it runs at most."""
    given = workload.assignment
    ran = NOW - given.admitted_at if given else 0.0
    return replace(
        workload,
        queue=team,
        min_runtime=chance.choice((0.0, 0.0, 0.5 * _HOUR)),
        cooldown=chance.choice((0.0, 0.0, 0.5 * _HOUR)),
        checkpoint_interval=chance.choice((None, 600.0)),
        max_runtime=ran + chance.uniform(1, 24) * _HOUR if chance.random() < 0.5 else None,
    )
