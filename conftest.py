"""What every test starts from: the same random numbers, and Hypothesis drawing few examples, always the same ones.

``--hypothesis-profile=search`` draws many others; ``-p randomly`` runs the tests in another order each time.
"""

import os
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import autograd_core as ag

os.environ["AUTOGRAD_CORE_CACHE"] = "off"  # nothing is left in the home of whoever runs the tests

settings.register_profile(
    "quick",
    deadline=None,
    max_examples=15,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # which measures the machine's load
)
settings.register_profile("search", deadline=None, max_examples=500)
settings.load_profile("quick")


@pytest.fixture(autouse=True)
def _same_random_numbers(request: pytest.FixtureRequest) -> None:
    """Whatever ran before: from the generators of ``ag``, of scikit-learn and of the test's module, and no figure."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    ag.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 (scikit-learn's, where it is given no random_state)
    for value in vars(getattr(request.node, "module", None) or object).values():
        if isinstance(value, np.random.Generator):
            value.bit_generator.state = np.random.default_rng(7).bit_generator.state
