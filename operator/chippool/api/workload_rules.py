"""What a schema can't say of a ChipWorkload: CEL rules, each with the sentence its user reads."""

from chippool.api.model import Json, rule

FORBIDDEN = "FieldValueForbidden"


SPEED = rule(
    "isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
    'speed must be a number above zero, such as "0.62"',
)
CLASS = rule(
    "!self.startsWith('system-') && !self.startsWith('chippool-')",
    "priorityClassName must not be a system class nor one of the operator's own copies (chippool-CLASS)",
    reason=FORBIDDEN,
)
MODE = rule("self == oldSelf", "mode can't change: make another ChipWorkload", reason=FORBIDDEN)
STRATEGY = rule(
    "!has(self.rollingUpdate) || self.type == 'RollingUpdate'",
    "rollingUpdate needs the strategy type RollingUpdate",
    fieldPath=".rollingUpdate",
)

RESTART = "(has(self.template.spec.restartPolicy) ? self.template.spec.restartPolicy : '')"
RESTART_PATH = ".template.spec.restartPolicy"

SPEC = (
    rule(
        "self.mode == 'Service' || self.replicas >= 1",
        "replicas must be at least 1 for mode Gang",
        fieldPath=".replicas",
    ),
    rule(
        "!has(self.minReplicas) || self.replicas == 0 || self.minReplicas <= self.replicas",
        "minReplicas must be at most replicas; lower it first",
        fieldPath=".minReplicas",
    ),
    rule(
        "!has(self.minReplicas)"
        " || self.variants.all(variant, !has(variant.replicas) || self.minReplicas <= variant.replicas)",
        "minReplicas must be at most the replicas of every variant",
        fieldPath=".minReplicas",
    ),
    rule(
        "!has(self.chipContainer) || self.template.spec.containers.exists(one, one.name == self.chipContainer)",
        "chipContainer must be the name of one of the template's containers",
        fieldPath=".chipContainer",
    ),
    rule(
        "self.mode == 'Gang' || self.variants.all(variant, !has(variant.replicas))",
        "replicas of a variant are for mode Gang: a Service has spec.replicas whichever way it runs",
        fieldPath=".variants",
        reason=FORBIDDEN,
    ),
    rule("self.mode == 'Gang' || !has(self.job)", "job is for mode Gang", fieldPath=".job", reason=FORBIDDEN),
    rule(
        "self.mode == 'Service' || !has(self.deployment)",
        "deployment is for mode Service",
        fieldPath=".deployment",
        reason=FORBIDDEN,
    ),
    rule(
        "self.mode == 'Gang' || !has(self.ttlSecondsAfterFinished) || has(self.maxRuntime)",
        "ttlSecondsAfterFinished needs maxRuntime for mode Service: nothing else finishes a Service",
        fieldPath=".ttlSecondsAfterFinished",
    ),
    rule(
        f"self.mode == 'Service' || {RESTART} != 'Always'",
        "restartPolicy must be Never (the default) or OnFailure for mode Gang",
        fieldPath=RESTART_PATH,
    ),
    rule(
        f"self.mode == 'Gang' || {RESTART} in ['', 'Always']",
        "restartPolicy must be Always (the default) for mode Service",
        fieldPath=RESTART_PATH,
    ),
    rule(
        f"!has(self.job) || !has(self.job.podFailurePolicy) || {RESTART} in ['', 'Never']",
        "job.podFailurePolicy needs restartPolicy Never",
        fieldPath=".job.podFailurePolicy",
    ),
)

WAS_ADMITTED = (
    "has(oldSelf.status) && has(oldSelf.status.conditions)"
    " && oldSelf.status.conditions.exists(one, one.type == 'Admitted' && one.status == 'True')"
)


def _fixed(field: str) -> Json:
    """Return the rule of a field that can't change while the workload is admitted."""
    same = (
        f"has(self.spec.{field}) == has(oldSelf.spec.{field})"
        f" && (!has(self.spec.{field}) || self.spec.{field} == oldSelf.spec.{field})"
    )
    return rule(
        f"!({WAS_ADMITTED}) || ({same})",
        f"{field} can't change while the workload is admitted: suspend it first",
        fieldPath=f".spec.{field}",
        reason=FORBIDDEN,
    )


ROOT = (
    rule(
        "size(self.metadata.name) <= 52",
        "metadata.name must have at most 52 characters: the pods' host names are made from it",
    ),
    rule(
        "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        "metadata.name must begin with a letter and have only lower case letters, digits and '-':"
        " the pods' host names are made from it",
    ),
    _fixed("queueName"),
    _fixed("maxRuntime"),
    _fixed("startTimeout"),
    _fixed("topology"),
)
"""A Gang's template, variants, chipContainer and job are held fast by an admission policy, which sees all of them."""
