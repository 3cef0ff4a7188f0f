"""Strategic-merge patches of a pod template; tests/contract compares them with kubectl's."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.api.patch import PatchError, merged


def a_template(**spec):
    main = {"name": "main", "image": "main:1", "env": [{"name": "A", "value": "1"}], "args": ["x", "y"]}
    return {"metadata": {"labels": {"app": "one"}}, "spec": {"containers": [main, {"name": "side"}]} | spec}


def patched(patch, **spec):
    return merged(a_template(**spec), {"spec": patch})["spec"]


def test_a_container_is_patched_by_its_name():
    spec = patched({"containers": [{"name": "main", "image": "npu:1", "env": [{"name": "B", "value": "2"}]}]})

    main, side = spec["containers"]
    assert main["image"] == "npu:1"
    assert {entry["name"] for entry in main["env"]} == {"A", "B"}
    assert main["args"] == ["x", "y"]
    assert side == {"name": "side"}


def test_a_new_container_comes_first_as_everywhere_in_kubernetes():
    spec = patched({"containers": [{"name": "extra"}]})

    assert [container["name"] for container in spec["containers"]] == ["extra", "main", "side"]


def test_other_lists_are_replaced():
    spec = patched({"tolerations": [{"key": "b"}]}, tolerations=[{"key": "a"}])

    assert spec["tolerations"] == [{"key": "b"}]
    assert patched({"containers": [{"name": "main", "args": []}]})["containers"][0]["args"] == []


def test_null_takes_a_field_away():
    assert "nodeSelector" not in patched({"nodeSelector": None}, nodeSelector={"a": "b"})
    assert patched({"nodeSelector": {"a": None, "c": "d"}}, nodeSelector={"a": "b"})["nodeSelector"] == {"c": "d"}
    assert patched({"nodeSelector": {"a": None}})["nodeSelector"] == {}


def test_an_item_is_deleted_by_a_directive():
    spec = patched({"containers": [{"name": "side", "$patch": "delete"}]})

    assert [container["name"] for container in spec["containers"]] == ["main"]


def test_a_list_and_a_map_are_replaced_by_a_directive():
    spec = patched({"containers": [{"$patch": "replace"}, {"name": "only"}]})
    assert spec["containers"] == [{"name": "only"}]

    spec = patched({"nodeSelector": {"$patch": "replace", "c": "d"}}, nodeSelector={"a": "b"})
    assert spec["nodeSelector"] == {"c": "d"}


def test_a_volume_changes_its_kind_by_the_keys_it_retains():
    change = {"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}

    spec = patched({"volumes": [change]}, volumes=[{"name": "v", "emptyDir": {}}])

    assert spec["volumes"] == [{"name": "v", "hostPath": {"path": "/x"}}]


def test_ports_of_one_number_and_two_protocols_stay():
    both = [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}]
    template = {"spec": {"containers": [{"name": "main", "ports": both}]}}

    spec = merged(
        template, {"spec": {"containers": [{"name": "main", "ports": [{"containerPort": 53, "name": "dns"}]}]}}
    )

    assert [port["protocol"] for port in spec["spec"]["containers"][0]["ports"]] == ["UDP", "TCP"]


def test_directives_leave_no_trace_in_what_is_added():
    gone, kept = {"name": "A", "$patch": "delete"}, {"name": "B", "value": None}

    spec = patched({"initContainers": [{"name": "first", "env": [gone, kept]}], "$setElementOrder/initContainers": []})

    assert spec["initContainers"] == [{"name": "first", "env": [{"name": "B"}]}]
    assert not [key for key in spec if key.startswith("$")]


def test_finalizers_of_the_template_are_a_set():
    template = {"metadata": {"finalizers": ["a/b", "c/d"]}}

    added = merged(template, {"metadata": {"finalizers": ["e/f", "c/d"]}})
    taken = merged(template, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["c/d"]}})

    assert sorted(added["metadata"]["finalizers"]) == ["a/b", "c/d", "e/f"]
    assert taken["metadata"]["finalizers"] == ["a/b"]


@pytest.mark.parametrize(
    ("patch", "sentence"),
    [
        ({"containers": [{"image": "x"}]}, "spec.containers of the patch has an item without name"),
        ({"containers": {"name": "main"}}, "spec.containers of the patch must be a list"),
        ({"containers": ["main"]}, "spec.containers of the patch must be a list of objects"),
        ({"containers": [{"name": "main", "env": {"A": "1"}}]}, "spec.containers.env of the patch must be a list"),
        ({"containers": [{"name": "main", "$patch": "merge"}]}, "in a list it must be delete or replace"),
        ({"nodeSelector": {"$patch": "keep"}}, "it must be delete or replace"),
        ({"nodeSelector": "here"}, "spec.nodeSelector of the patch must be an object"),
        ({"volumes": [{"name": "v", "$retainKeys": ["name"], "hostPath": {}}]}, "must name hostPath"),
        ({"volumes": [{"name": "v", "$retainKeys": "name"}]}, "must be a list of field names"),
        ({"initContainers": [{"image": "x"}]}, "spec.initContainers of the patch has an item without name"),
    ],
)
def test_a_patch_that_does_not_apply_says_where(patch, sentence):
    with pytest.raises(PatchError, match=sentence.replace("$", r"\$")):
        patched(patch, nodeSelector={"a": "b"}, volumes=[{"name": "v"}])


names = st.sampled_from(["name", "env", "args", "ports", "volumeMounts", "value", "$patch", "$retainKeys"])
values = st.none() | st.booleans() | st.integers() | st.sampled_from(["main", "v", "delete", "replace"])
trees = st.recursive(values, lambda below: st.lists(below, max_size=3) | st.dictionaries(names, below, max_size=4))
fields = st.sampled_from(["containers", "volumes", "nodeSelector", "tolerations", "$setElementOrder/volumes", "$patch"])
finalizers = st.sampled_from(["finalizers", "$deleteFromPrimitiveList/finalizers", "labels"])
patches = st.fixed_dictionaries(
    {},
    optional={
        "spec": st.dictionaries(fields, trees, max_size=4) | trees,
        "metadata": st.dictionaries(finalizers, trees, max_size=3),
    },
)


def outcome(template, patch):
    """Return what is made, or the sentence that says why nothing is."""
    try:
        return merged(template, patch)
    except PatchError as error:
        return str(error)


@given(patches, patches)
def test_any_patch_applies_or_says_so_and_changes_neither_input(template, patch):
    before = deepcopy((template, patch))

    result = outcome(template, patch)

    assert isinstance(result, dict) or len(result.split()) > 4
    assert (template, patch) == before


@given(patches)
def test_an_empty_patch_changes_nothing(template):
    assert merged(template, {}) == template
