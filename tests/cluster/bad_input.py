"""What the tests of bad input share: a sentence where its user looks, and others that run meanwhile."""

from tests.cluster.manifests import a_variant, a_workload


def must_say(sentence, *words):
    missing = [word for word in words if word not in sentence]
    assert not missing, f"{missing} not in: {sentence}"


def an_event_says(cluster, name, reason, sentence):
    """An event of that reason on the workload has the condition's sentence."""

    def told():
        return any((e["reason"], e["note"]) == (reason, sentence) for e in cluster.events(name))

    cluster.eventually(told, f"an event {reason} on {name} says: {sentence}", about=name)


def a_good_one_runs(cluster, name="good"):
    """A workload without mistakes, submitted now, is admitted and Ready."""
    cluster.apply(a_workload(name, a_variant("h20", 2), cls="batch"))
    cluster.wait_true(name, "Ready")
