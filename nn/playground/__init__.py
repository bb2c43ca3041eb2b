"""A page that trains a network in the browser, with every derivative in sight.

Imports modules, layers, their functions and data; programs are recorded where a page is written.
"""

from .page import playground as playground
from .page import write as write
