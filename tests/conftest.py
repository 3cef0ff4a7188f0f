"""How hard the laws are tried: CI's number here, `HYPOTHESIS_PROFILE=proof` for the long run.

CI tries the same cases every time, so that a commit passes or fails for good; new ones are for `proof` and `quick`.
"""

import os

from hypothesis import HealthCheck, settings

_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile("ci", max_examples=200, deadline=None, suppress_health_check=_QUIET, derandomize=True)
settings.register_profile("quick", max_examples=15, deadline=None, suppress_health_check=_QUIET, print_blob=True)
settings.register_profile("proof", max_examples=5000, deadline=None, suppress_health_check=_QUIET, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

pytest_plugins = ["tests.cluster.rights_at_end"]
