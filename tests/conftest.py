"""How many examples Hypothesis draws: few and always the same by default, many with ``--hypothesis-profile=search``."""

from hypothesis import settings

settings.register_profile("quick", deadline=None, max_examples=20, derandomize=True, database=None)
settings.register_profile("search", deadline=None, max_examples=500)
settings.load_profile("quick")
