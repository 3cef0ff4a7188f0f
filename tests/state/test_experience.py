"""What is remembered of waits is written and read again, bounded, and nothing but what was understood."""

import json

from chippool.core.eta import KEPT, Case, Experience
from chippool.state.experience import data_of, experience_of, listed

ROW = (8.1883, 7.5, 7.5, 4.0943, 2.0794, 2.0794, 0.0, 0.6931, 0.0, 1.0)


def a_case(at=1.7e9, wait=None, class_name="train"):
    return Case(at, class_name, "research", ROW, 8.1883, wait)


def test_what_is_written_is_read_again():
    known = Experience((a_case(wait=600.0), a_case(wait=0.5)), {"u1": a_case()}, {"train/Gang": (60.0, 90.5)})
    assert experience_of(data_of(known)) == known
    assert listed({"items": [{"data": data_of(known)}]}) == known


def test_it_is_small_however_much_waits():
    cases = tuple(a_case(wait=123456.7, class_name="a-priority-class-with-a-long-name") for _ in range(KEPT))
    waiting = {f"0a4bd123-5e2e-4a5c-9d0d-{n:012}": a_case() for n in range(KEPT)}
    runs = {f"class-{n}/Gang": (123456.7,) * 32 for n in range(64)}
    assert len(json.dumps(data_of(Experience(cases, waiting, runs)))) < 200_000


def test_what_nobody_understands_is_nothing():
    for said in ('{"waits": 1}', "{", '{"ended": [[1, "a", "b", [1], 2, 3]], "waiting": {}, "runs": {}}', "[]"):
        assert experience_of({"waits": said}) is None
    assert experience_of({}) is None
    assert listed(None) == listed({"items": [{}]}) == Experience()
