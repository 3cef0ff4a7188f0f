"""Golden files: `UPDATE_GOLDEN=1 pytest tests/control/test_render.py` writes them anew; read the diff."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from chippool.control.render import render, same_but_chips
from chippool.core.model import Assignment
from tests.control.build import H800, NOW, NPU, a_displacement, a_pool, a_record, a_spec, an_assignment

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name.removesuffix(".input.yaml") for path in GOLDEN.glob("*.input.yaml"))


def made_of(case):
    given = yaml.safe_load((GOLDEN / f"{case}.input.yaml").read_text())
    record = a_record(given["spec"], name=given["name"], namespace=given["namespace"])
    assignment = Assignment(**given["assignment"], admitted_at=NOW)
    pool = a_pool(assignment.pool, given["resourceName"], shared=given.get("shared", False))
    rendered = render(record, assignment, pool, a_displacement() if given.get("displaced") else None)
    return [rendered.body, *([rendered.service] if rendered.service else [])]


def of(spec, assignment):
    return render(a_record(spec), assignment, a_pool(assignment.pool))


@pytest.mark.parametrize("case", CASES)
def test_a_workload_is_rendered_as_written_down(case):
    expected = GOLDEN / f"{case}.output.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(yaml.safe_dump_all(made_of(case), sort_keys=True))
    assert made_of(case) == list(yaml.safe_load_all(expected.read_text()))


def test_there_are_golden_cases():
    assert len(CASES) >= 4


def test_renderings_for_two_pools_differ_in_their_chips_alone():
    one, other = of(a_spec(), an_assignment()), of(a_spec(), an_assignment(pool=NPU))
    assert one.stamp != other.stamp
    assert same_but_chips(one.stamp, other.stamp)


def test_renderings_of_another_image_or_class_are_others():
    one = of(a_spec(), an_assignment())
    images = a_spec(template={"spec": {"containers": [{"name": "main", "image": "train:2"}]}})
    assert not same_but_chips(one.stamp, of(images, an_assignment()).stamp)
    assert not same_but_chips(one.stamp, of(a_spec(priorityClassName="batch"), an_assignment()).stamp)


def test_a_rendering_does_not_depend_on_when_it_is_admitted():
    assert of(a_spec(), an_assignment()).stamp == of(a_spec(), an_assignment(at=NOW + 99)).stamp


def test_what_would_keep_gated_pods_from_being_made_is_taken_out():
    pod = {"containers": [{"name": "main"}], "nodeName": "n1", "schedulerName": "mine", "priority": 7}
    rendered = of(a_spec(template={"spec": pod}), an_assignment())
    assert not {"nodeName", "schedulerName", "priority"} & set(rendered.body["spec"]["template"]["spec"])


def test_rendering_leaves_the_record_as_it_was():
    record = a_record(a_spec(replicas=2))
    twin = replace(record)
    first = render(record, an_assignment(replicas=2), a_pool(H800))
    assert render(record, an_assignment(replicas=2), a_pool(H800)) == first
    assert record == twin


def test_a_container_that_is_not_there_is_named():
    with pytest.raises(LookupError, match="no container sidecar"):
        of(a_spec(chipContainer="sidecar"), an_assignment())


def test_a_share_the_pool_does_not_have_is_named():
    with pytest.raises(LookupError, match=r"nvidia-h800 has no share of 0.25 chips"):
        of(a_spec(chips="0.25"), an_assignment())


def test_a_share_and_whole_chips_of_one_pool_differ_in_their_chips_alone():
    pool = a_pool(H800, shared=True)
    one, other = (render(a_record(a_spec(chips=chips)), an_assignment(), pool) for chips in ("0.25", 2))
    assert one.stamp != other.stamp
    assert same_but_chips(one.stamp, other.stamp)
