from chippool.cli.picture import moment
from tests.cli.clusters import running, running_ads, stock, two_ways
from tests.kube.fake_api import a_kubeconfig
from tests.state.build import GPU, NOW, NPU, a_job, a_namespace, a_node, a_pod, a_workload, an_assignment

SECRET = "secret-campaign"


def test_it_says_what_is_short_where_by_how_much_and_who_holds_it(api, user):
    api.add(*stock(nodes=2), *running_ads("rank", ["n1"]), a_workload("gang", 2, namespace="team"))
    said = user.reads("explain", "gang", "-n", "team")
    assert "team/gang waits: ChipsShort." in said
    assert "It is number 1 of 1 in the order of what waits." in said
    assert "h800 in h800 (2 x 8 chips)" in said
    assert "8 chips free or being given back, 8 too few; 1 of 2 replicas would fit." in said
    assert "Held by queue ads, class ads: 8." in said


def test_it_says_what_was_measured_of_its_family_and_which_speeds_that_corrects(api, user):
    ways = [{**way, "speed": speed} for way, speed in zip(two_ways(), ("1", "0.62"), strict=True)]
    api.add(*stock(nodes=0))
    family = {"chippool.io/family": "chat"}
    api.add(labelled(a_workload("mine", variants=ways), family))
    assert "Nothing is measured yet of its family chat" in user.reads("explain", "mine", "-n", "team")
    for team in ("one", "two", "three"):
        api.add(a_namespace(team))
        for way, pool, does, resource in (("h800", "h800", 800, GPU), ("npu", "npu", 400, NPU)):
            name = f"chat-{pool}"
            api.add(
                labelled(a_workload(name, 3, variants=ways, namespace=team), family),
                a_job(name, an_assignment(3, way, pool), namespace=team, parallelism=3),
            )
            for at in range(3):
                node = f"{team}-{pool}-{at}"
                said = {"chippool.io/throughput": str(does)}
                api.add(a_node(node, pool=pool, resource=resource))
                api.add(a_pod(
                    f"{name}-{at}", name, namespace=team, node=node, phase="Running", ready=True, index=at, said=said,
                    resource=resource,
                ))  # fmt: skip
    said = user.reads("explain", "mine", "-n", "team")
    assert "Measured of its family chat: a chip of npu does 0.5 of one of h800 (18 pods of 3 namespaces)." in said
    assert "Variant npu counts as 0.497; its speed says 0.62." in said
    assert user.reads_json("explain", "mine", "-n", "team")["measured"]["family"] == "chat"


def labelled(raw, labels):
    raw["metadata"]["labels"] = labels
    return raw


def test_names_from_other_namespaces_are_never_told(api, user):
    api.add(*stock(nodes=1), *running_ads(SECRET, ["n1"]), a_workload("gang", 1, namespace="team"))
    for how in ("text", "json", "yaml"):
        assert SECRET not in user.reads("explain", "gang", "-n", "team", "-o", how)


def test_who_is_next_is_told_when_it_starts_and_the_others_why_they_do_not(api, user):
    busy = running("busy", ["n1"], maxRuntime="1h")
    api.add(*stock(nodes=2), *busy, a_workload("gang", 2), a_workload("small", 1, uid="younger"))
    said = user.reads("explain", "gang", "-n", "team")
    ends = moment(NOW - 60 + 3600)
    assert f"It is next: it is thought to start by {ends}; kept free for it until then: 8 chips." in said
    assert "HeldBack. Asks for 1 x 8 chips of h800" in user.reads("explain", "small", "-n", "team")
    waits = user.reads_json("explain", "gang", "-n", "team")["waits"]
    assert (waits["starts"], waits["kept"]) == (ends, 8)


def test_it_says_who_is_before_it(api, user):
    ads = [a_workload(name, 2, namespace="ads", queueName="ads", priorityClassName="ads") for name in ("one", "two")]
    api.add(*stock(nodes=2), *ads, *running_ads("rank", ["n1"]), a_workload("gang", 2))
    said = user.reads("explain", "gang", "-n", "team")
    assert "It is number 3 of 3 in the order of what waits, behind 2 of class ads." in said


def test_it_says_why_a_workload_runs_on_its_second_choice(api, user):
    chat = running("chat", ["npu1"], variant="npu", pool="npu", resource=NPU, variants=two_ways())
    api.add(*stock(nodes=1), *running_ads("rank", ["n1"]), *chat)
    said = user.reads("explain", "chat", "-n", "team")
    assert "It runs as variant npu: 1 replica in pool npu, 8 chips; 1 Ready." in said
    assert "Nodes: npu1." in said
    assert "it is number 2 of 2 ways to run it" in said
    assert "0 chips free or being given back, 8 too few; 0 of 1 replica would fit." in said


def test_it_says_how_fast_it_is_there_and_what_a_chip_would_add(api, user):
    ways = [{**way, "speed": speed} for way, speed in zip(two_ways(), ("1", "0.62"), strict=True)]
    chat = running("chat", ["npu1"], variant="npu", pool="npu", resource=NPU, variants=ways)
    api.add(*stock(nodes=1), *running_ads("rank", ["n1"]), *chat, a_workload("gang", 1))
    assert "It does 0.62 there of what it would the way it likes best." in user.reads("explain", "chat", "-n", "team")
    said = user.reads("explain", "gang", "-n", "team")
    assert "One more chip there would add as much as 0.125 workloads at their best speed." in said


def test_the_second_pool_of_a_variant_is_a_second_choice_too(api, user):
    variants = [{"name": "any", "poolNames": ["h800", "npu"], "chipsPerReplica": 8}]
    chat = running("chat", ["npu1"], variant="any", pool="npu", resource=NPU, variants=variants)
    api.add(*stock(nodes=1), *chat)
    runs = user.reads_json("explain", "chat", "-n", "team")["runs"]
    assert (runs["choice"], runs["choices"]) == (2, 2)
    assert [lack["reason"] for lack in runs["better"]] == ["Admitted"]
    assert "would fit there now" in runs["better"][0]["message"]


def test_the_only_way_to_run_needs_no_comparison(api, user):
    api.add(*stock(nodes=1), *running("gang", ["n1"]))
    assert "Why there: it is the only way to run it." in user.reads("explain", "gang", "-n", "team")


def test_what_fits_and_is_not_admitted_points_to_the_operator(api, user):
    api.add(*stock(nodes=1), a_workload("gang", 1))
    assert "see whether the operator runs" in user.reads("explain", "gang", "-n", "team")


def test_a_mistake_has_its_sentence_and_no_place_in_the_order(api, user):
    api.add(*stock(nodes=1), a_workload("huge", 9), a_workload("lost", 1, queueName="nowhere"))
    huge = user.reads_json("explain", "huge", "-n", "team")
    assert huge["reason"] == "ImpossibleSize"
    assert "position" not in huge["waits"]
    assert "there is no ChipQueue nowhere" in user.reads("explain", "lost", "-n", "team")


def test_the_document_has_the_figures_of_the_sentences(api, user):
    api.add(*stock(nodes=2), *running_ads("rank", ["n1"]), a_workload("gang", 2))
    found = user.reads_json("explain", "gang", "-n", "team")
    (lack,) = found["waits"]["variants"]
    assert (lack["poolName"], lack["asked"], lack["free"], lack["fits"]) == ("h800", 16, 8, 1)
    assert lack["heldBy"] == [{"queueName": "ads", "priorityClassName": "ads", "chips": 8}]


def test_the_kind_may_stand_before_the_name(api, user):
    api.add(*stock(nodes=1), *running("gang", ["n1"]))
    assert user.reads("explain", "cw/gang", "-n", "team") == user.reads("explain", "gang", "-n", "team")


def test_another_kind_is_wrong_usage(user):
    assert user.types("explain", "deployment/gang").exit_code == 2


def test_a_name_that_is_not_there_offers_the_nearest(api, user):
    api.add(*stock(), a_workload("pretrain", 1))
    done = user.types("explain", "pretrian", "-n", "team")
    assert done.exit_code == 1
    assert 'There is no ChipWorkload "pretrian" in namespace team; did you mean pretrain?' in done.stderr


def test_names_of_another_namespace_are_not_offered(api, user):
    api.add(*stock(), a_workload(SECRET, 1, namespace="ads"))
    assert SECRET not in user.types("explain", "secret-campain", "-n", "team").output


def test_with_rights_in_one_namespace_the_conditions_speak(api, user):
    condition = {
        "type": "Admitted",
        "status": "False",
        "reason": "ChipsShort",
        "message": "Asks for much.",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    api.add(*stock(), a_workload("gang", 2, status={"conditions": [condition]}))
    api.forbidden = {"nodes", "pods"}
    said = user.reads("explain", "gang", "-n", "team")
    assert "Admitted is False since 2026-01-01T00:00:00Z (ChipsShort): Asks for much." in said
    assert "You may not list Node, Pod in all namespaces" in said
    assert user.reads_json("explain", "gang", "-n", "team")["forbidden"] == ["Node", "Pod"]


def test_with_rights_in_one_namespace_a_name_can_be_wrong_too(api, user):
    api.forbidden = {"nodes"}
    done = user.types("explain", "gang", "-n", "team")
    assert done.exit_code == 1
    assert 'There is no ChipWorkload "gang" in namespace team' in done.stderr


def test_the_namespace_is_the_kubeconfigs_where_none_is_named(api, user):
    assert "in namespace ours" in user.types("explain", "gang").stderr


def test_a_cluster_without_the_kinds_is_told_how_to_get_them(api, user):
    api.unserved = {"chippools", "chipqueues", "chipworkloads"}
    done = user.types("explain", "gang")
    assert done.exit_code == 1
    assert "chippool crds | kubectl apply" in done.stderr


def test_where_nobody_answers_the_exit_code_is_3(user, tmp_path):
    user.kubeconfig = a_kubeconfig(tmp_path, "http://127.0.0.1:1")
    done = user.types("explain", "gang")
    assert done.exit_code == 3
    assert "does not answer" in done.stderr


def test_where_there_is_no_kubeconfig_the_exit_code_is_3(user, tmp_path):
    user.kubeconfig = str(tmp_path / "nowhere")
    done = user.types("explain", "gang")
    assert done.exit_code == 3
    assert "set KUBECONFIG or pass --kubeconfig" in done.stderr


def running_npu(name):
    ads = {"namespace": "ads", "queueName": "ads", "priorityClassName": "ads"}
    return running(name, ["npu1"], variant="npu", pool="npu", resource=NPU, variants=two_ways(), **ads)


def test_one_pool_alone_can_be_asked_about_while_it_waits(api, user):
    ways = [*two_ways(), {"name": "any", "poolNames": ["h800", "npu"], "chipsPerReplica": 4}]
    api.add(*stock(nodes=1), *running_ads("rank", ["n1"]), *running_npu("more"))
    api.add(a_workload("gang", 1, variants=ways))
    lacks = user.reads_json("explain", "gang", "-n", "team", "--pool", "npu")["waits"]["variants"]
    assert {lack["poolName"] for lack in lacks} == {"npu"}
    done = user.types("explain", "gang", "-n", "team", "--pool", "h20")
    assert (done.exit_code, "its poolNames are: h800, npu." in done.stderr) == (1, True)


def test_one_pool_can_be_asked_about_while_it_runs_in_another(api, user):
    api.add(*stock(nodes=1), *running("gang", ["n1"], variants=two_ways()), *running_npu("rank"))
    said = user.reads("explain", "gang", "-n", "team", "--pool", "npu")
    assert "In pool npu now:" in said
    assert "npu in npu (1 x 8 chips): ChipsShort." in said
    assert "Why there" in user.reads("explain", "gang", "-n", "team", "--pool", "h800")
