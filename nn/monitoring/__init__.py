"""The health of a network while it trains: what each layer puts out, and what gradients come back to it.

Imports modules.
"""

from .gathering import Monitor
from .records import LayerRecord, ParameterRecord, Spread, StepRecord

monitor = Monitor
