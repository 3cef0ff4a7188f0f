"""What is written by hand is what the library would write."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from chippool.metrics.families import Family, Kind
from chippool.metrics.page import text_of

labels = st.text(alphabet='ab"\\\n é{},=', max_size=4)
numbers = st.one_of(st.integers(-3, 10**6), st.floats(-1e9, 1e9), st.just(float("inf")))
families = st.builds(
    Family,
    st.just("chippool_made_up_chips"),
    st.sampled_from([Kind.GAUGE, Kind.COUNTER]),
    st.sampled_from(["It says.", 'With "quotes", a \\ and\na break.']),
    st.sampled_from([(), ("pool",), ("pool", "state")]),
)


class Told(Collector):
    def __init__(self, family, told):
        kind = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
        self.made = kind(family.name, family.help, labels=family.labels)
        for values, number in told.items():
            self.made.add_metric(values, number)

    def collect(self):
        yield self.made


def by_library(family, told):
    registry = CollectorRegistry()
    registry.register(Told(family, told))
    return generate_latest(registry).decode()


@given(st.data())
def test_it_is_what_the_library_writes(data):
    family = data.draw(families)
    told = data.draw(st.dictionaries(st.tuples(*[labels] * len(family.labels)), numbers, max_size=3))
    text = text_of(family, told)
    assert samples(text) == samples(by_library(family, told))
    assert text.splitlines()[:2] == by_library(family, told).splitlines()[:2]


def samples(text):
    return [(s.name, s.labels, s.value) for family in text_string_to_metric_families(text) for s in family.samples]
