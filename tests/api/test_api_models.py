"""The models read what the API server serves, today's and tomorrow's."""

import pytest
from pydantic import ValidationError

from chippool.api.conditions import Condition, find, holds
from chippool.api.pool import ChipPool
from chippool.api.queue import ChipQueue
from chippool.api.workload import ChipWorkload, WorkloadMode


def a_workload(**spec):
    return {
        "apiVersion": "chippool.io/v1alpha1",
        "kind": "ChipWorkload",
        "metadata": {"name": "one", "namespace": "here", "uid": "u", "generation": 2, "managedFields": [{}]},
        "spec": {
            "queueName": "training",
            "priorityClassName": "batch",
            "template": {"spec": {"containers": [{"name": "main", "stdin": True}]}},
            "variants": [{"name": "h800", "poolNames": ["nvidia-h800"], "chipsPerReplica": 8}],
        }
        | spec,
    }


def test_a_workload_is_read_with_its_defaults():
    read = ChipWorkload.model_validate(a_workload())

    assert read.spec.mode is WorkloadMode.GANG
    assert (read.spec.replicas, read.spec.start_timeout, read.spec.max_runtime, read.spec.suspend) == (
        1,
        "10m",
        None,
        False,
    )
    assert read.spec.variants[0].speed == "1"
    assert read.metadata.generation == 2
    assert read.status.assignment is None


def test_a_template_keeps_every_field():
    read = ChipWorkload.model_validate(a_workload())

    assert read.spec.template == {"spec": {"containers": [{"name": "main", "stdin": True}]}}


def test_fields_of_later_versions_are_ignored():
    later = a_workload(laterField={"within": "rack"})
    later["status"] = {"phase": "new", "conditions": []}

    assert ChipWorkload.model_validate(later) == ChipWorkload.model_validate(a_workload())


def test_a_pool_is_read_with_figures_spelled_as_people_do():
    pool = ChipPool.model_validate(
        {
            "metadata": {"name": "h800"},
            "spec": {
                "chip": {
                    "vendor": "nvidia",
                    "model": "H800",
                    "resourceName": "nvidia.com/gpu",
                    "memoryGiB": 80,
                    "bf16Tflops": 989,
                    "memoryBandwidthGBs": 3360,
                    "interconnectGBs": 400,
                },
                "nodeSelector": {"a": "b"},
            },
        }
    )

    chip = pool.spec.chip
    assert (chip.memory_gib, chip.bf16_tflops, chip.memory_bandwidth_gbs, chip.interconnect_gbs) == (80, 989, 3360, 400)
    assert pool.status.chips.free == 0


def test_a_queue_without_a_selector_differs_from_one_that_selects_all():
    spec = {"priorityClassNames": ["batch"], "quotas": [{"poolName": "h800", "limit": 8}]}

    none = ChipQueue.model_validate({"metadata": {"name": "q"}, "spec": spec})
    everything = ChipQueue.model_validate({"metadata": {"name": "q"}, "spec": spec | {"namespaceSelector": {}}})

    assert none.spec.namespace_selector is None
    assert everything.spec.namespace_selector is not None
    assert none.spec.quotas[0].limit == 8


def test_what_is_read_does_not_change():
    read = ChipWorkload.model_validate(a_workload())

    with pytest.raises(ValidationError):
        read.spec.suspend = True


def test_what_the_api_server_would_refuse_is_refused_here_too():
    with pytest.raises(ValidationError, match="chipsPerReplica"):
        ChipWorkload.model_validate(a_workload(variants=[{"name": "a", "poolNames": ["b"], "chipsPerReplica": 0}]))


def test_a_condition_holds_when_it_is_true():
    moment = "2026-01-01T00:00:00Z"
    ready = Condition(type="Ready", status="True", reason="Up", last_transition_time=moment)
    finished = Condition(type="Finished", status="False", reason="Runs", last_transition_time=moment)

    assert holds((ready, finished), "Ready")
    assert not holds((ready, finished), "Finished")
    assert not holds((ready,), "Displaced")
    assert find((ready, finished), "Finished") is finished
