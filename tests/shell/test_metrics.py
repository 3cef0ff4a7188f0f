from prometheus_client.exposition import generate_latest

from chippool.metrics import Metrics, Readings


def readings(**numbers: object) -> Readings:
    def of(name: str):
        return lambda: numbers.get(name, {})

    return Readings(
        pool_chips=of("pool_chips"),
        pool_prices=of("pool_prices"),
        workloads=of("workloads"),
        holds=of("holds"),
        feed_age=of("feed_age"),
        feed_restarts=of("feed_restarts"),
        writes=of("writes"),
        writes_pending=of("writes_pending"),
        leader=lambda: True,
    )


def shown(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_what_is_true_now_is_read_at_scrape_time() -> None:
    metrics = Metrics()
    pools = {("h800", "free"): 8.0}
    metrics.show(readings(pool_chips=pools, writes={("Job", "Done"): 3.0}))
    assert 'chippool_pool_chips{pool="h800",state="free"} 8.0' in shown(metrics)
    pools["h800", "free"] = 7.5
    assert 'chippool_pool_chips{pool="h800",state="free"} 7.5' in shown(metrics)
    assert 'chippool_writes_total{kind="Job",outcome="Done"} 3.0' in shown(metrics)
    assert "chippool_leader 1.0" in shown(metrics)
    assert "chippool_build_info{" in shown(metrics)


def test_what_happened_is_counted() -> None:
    metrics = Metrics()
    metrics.decisions.labels("Displace", "Preempted").inc()
    metrics.admission_wait.labels("revenue").observe(2.0)
    assert 'chippool_decisions_total{kind="Displace",reason="Preempted"} 1.0' in shown(metrics)
    assert 'chippool_admission_wait_seconds_bucket{le="5.0",priority_class="revenue"} 1.0' in shown(metrics)
