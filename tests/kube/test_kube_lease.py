import asyncio
import signal
import sys
from pathlib import Path

import pytest

from chippool.kube.client import Client
from chippool.kube.lease import Lease
from tests.kube.fake_api import FakeApi, a_kubeconfig
from tests.kube.faults import drop, hang, refuse
from tests.kube.following import running

LEASES = "/apis/coordination.k8s.io/v1/namespaces/ours/leases"
PATH = f"{LEASES}/chippool"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def a_contender(client: Client, identity: str, clock: Clock, **settings) -> Lease:
    quick = {"duration": 15.0, "renew": 0.01, "answer": 5.0}
    return Lease(client, namespace="ours", identity=identity, clock=clock, **(quick | settings))


def spec(api: FakeApi) -> dict:
    return api.objects[PATH]["spec"]


async def test_the_first_contender_makes_the_lease_and_holds_it(api, client, clock):
    told = []
    lease = a_contender(client, "a", clock, on_change=told.append)
    async with running(lease.run()):
        await api.bell.until(lease.held)
        await api.bell.until(lambda: api.count("PUT", PATH) >= 3)
    assert told == [True]
    assert spec(api)["holderIdentity"] == "a"
    assert spec(api)["leaseDurationSeconds"] == 15
    assert spec(api)["leaseTransitions"] == 0
    assert api.count("GET", PATH) == 1


async def test_of_two_contenders_one_leads(api, client, clock):
    one, other = a_contender(client, "a", clock), a_contender(client, "b", clock)
    async with running(one.run(), other.run()):
        await api.bell.until(lambda: one.held() or other.held())
        looks = len(api.requests)
        await api.bell.until(lambda: len(api.requests) > looks + 20)
        assert one.held() != other.held()


async def test_a_leader_that_was_stopped_no_longer_holds_when_it_wakes(api, client, clock):
    lease = a_contender(client, "a", clock)
    async with running(lease.run()):
        await api.bell.until(lease.held)
    clock.now += 11.9
    assert lease.held()
    clock.now += 0.1
    assert not lease.held()


async def test_time_counts_from_the_start_of_a_renewal_not_from_its_answer(api, client, clock):
    async def slow(request):
        clock.now += 100

    api.next("done", slow)
    lease = a_contender(client, "a", clock, renew=0.5)
    async with running(lease.run()):
        await api.bell.until(lambda: PATH in api.objects and lease._mine)
        assert not lease.held()


async def test_a_follower_takes_over_only_when_the_lease_has_run_out(api, client, clock):
    leader, follower = a_contender(client, "a", clock), a_contender(client, "b", clock)
    async with running(leader.run()):
        await api.bell.until(leader.held)
    async with running(follower.run()):
        looks = api.count("GET", PATH)
        await api.bell.until(lambda: api.count("GET", PATH) > looks + 3)
        clock.now += 14.9
        await api.bell.until(lambda: api.count("GET", PATH) > looks + 6)
        assert not leader.held()
        assert not follower.held()
        assert follower.holder == "a"
        clock.now += 0.2
        await api.bell.until(follower.held)
    assert spec(api)["leaseTransitions"] == 1


async def test_a_release_hands_over_at_once(api, client, clock):
    told = []
    leader = a_contender(client, "a", clock, on_change=told.append)
    follower = a_contender(client, "b", clock)
    async with running(leader.run()):
        await api.bell.until(leader.held)
        async with running(follower.run()):
            await leader.release()
            assert not leader.held()
            await api.bell.until(follower.held)
    assert clock.now == 1000.0
    assert told == [True, False]


async def test_a_release_after_its_run_was_cancelled_hands_over_too(api, client, clock):
    leader, follower = a_contender(client, "a", clock), a_contender(client, "b", clock)
    async with running(leader.run()):
        await api.bell.until(leader.held)
    await leader.release()
    async with running(follower.run()):
        await api.bell.until(follower.held)


async def test_a_follower_releases_nothing(api, client, clock):
    leader, follower = a_contender(client, "a", clock), a_contender(client, "b", clock)
    async with running(leader.run()):
        await api.bell.until(leader.held)
        await follower.release()
        assert leader.held()
    assert spec(api)["holderIdentity"] == "a"


@pytest.mark.parametrize("fault", [refuse(500), refuse(429, "TooManyRequests"), drop])
async def test_a_renewal_that_fails_is_tried_again_and_the_lead_is_kept(api, client, clock, fault):
    told = []
    lease = a_contender(client, "a", clock, on_change=told.append)
    async with running(lease.run()):
        await api.bell.until(lease.held)
        api.next("write", fault, fault)
        puts = api.count("PUT", PATH)
        await api.bell.until(lambda: api.count("PUT", PATH) > puts + 4)
    assert told == [True]


async def test_a_renewal_without_an_answer_is_given_up_in_time(api, client, clock):
    lease = a_contender(client, "a", clock, answer=0.1)
    async with running(lease.run()):
        await api.bell.until(lease.held)
        api.next("write", hang)
        await api.bell.until(lambda: lease.trouble)
        await api.bell.until(lambda: not lease.trouble)
        assert lease.held()


async def test_who_is_told_so_by_the_lease_itself_stops_at_once(api, client, clock):
    told = []
    lease = a_contender(client, "a", clock, on_change=told.append)
    async with running(lease.run()):
        await api.bell.until(lease.held)
        taken = api.objects[PATH]
        api.put(LEASES, taken | {"spec": taken["spec"] | {"holderIdentity": "somebody"}})
        await api.bell.until(lambda: not lease.held())
        await api.bell.until(lambda: told == [True, False])


async def test_the_loss_is_told_when_nothing_can_be_renewed(api, client):
    told = []
    lease = Lease(client, namespace="ours", identity="a", duration=0.3, renew=0.01, on_change=told.append)
    async with running(lease.run()):
        await api.bell.until(lease.held)
        await api.stop()
        await api.bell.until(lambda: told == [True, False])
        assert "does not answer" in lease.trouble
        await api.start()
        await api.bell.until(lambda: told == [True, False, True])


async def test_a_lease_that_may_not_be_written_says_why(api, client, clock):
    api.next("write", *[refuse(403, "Forbidden", "chippool cannot create leases")] * 100)
    lease = a_contender(client, "a", clock)
    async with running(lease.run()):
        await api.bell.until(lambda: "cannot create leases" in lease.trouble)
    assert not lease.held()


async def test_a_process_that_was_stopped_knows_it_when_it_goes_on(api, client, tmp_path):
    contender = str(Path(__file__).with_name("contender.py"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, contender, a_kubeconfig(tmp_path, api.url), "stopped", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            assert await process.stdout.readline() == b"acquired\n"
            process.send_signal(signal.SIGSTOP)
            follower = Lease(client, namespace="ours", identity="b", duration=1.0, renew=0.1)
            async with running(follower.run()):
                await api.bell.until(follower.held)
                process.send_signal(signal.SIGCONT)
                assert await process.stdout.readline() == b"continued held=False\n"
                assert await process.stdout.readline() == b"lost\n"
                assert follower.held()
    finally:
        process.kill()
        await process.wait()
