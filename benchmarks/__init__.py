"""Ours beside its peers: the same training steps and chains in every library, timed in the same minutes.

Run `make bench`, or `python -m benchmarks --workloads small_chain,mlp_small --peers ours,torch_eager,numpy --rounds 3`
from the root of the repository. It prints a block for each workload and a summary, and writes every round to
`benchmarks/results/latest.json` (`--json` to write elsewhere).

Workloads, one file each in `workloads/`:

==============  =======================================================================================================
scalar_chain    1,000 operations on 0-d float64: what an operation costs where there is no array
small_chain     300 elementwise operations on 10 float32 elements: what it costs where the array hardly matters
logistic_nll    logistic negative log likelihood from primitives, 256×16 float64, value and gradient
mlp_small       a training step, 64-128-64-10 with ReLU and Adam, batch 32, float32
mlp_middle      a training step, 784-1024-1024-10 with BatchNorm, ReLU, Dropout and Adam, batch 256, float32
optimizer_step  Adam alone on 1,000,000 float32 parameters in 4, 40 and 400 tensors
deep_chain      chains of 100,000 and 1,000,000 nodes: time and bytes a node, and whether the graph is freed
memory          12 elementwise operations on 4,194,304 float32 elements: time and peak memory
natural_chain   gelu, silu and tanh, four times, on 4,194,304 float32 elements: time and peak memory
import_time     importing the library in a fresh interpreter that already has NumPy
==============  =======================================================================================================

Peers: PyTorch eager (with its fused Adam as a row of its own), `torch.compile`, `jax.jit`, HIPS autograd, MyGrad,
micrograd, scikit-learn's MLPClassifier, and **numpy**: the same step written by hand with derivatives worked out on
paper and buffers reused. No graph is kept there, so it is the floor for anything that calls NumPy. In `import_time`
its row is the import of NumPy itself, above which all others are counted.

How to read the table:

- The column `torch_eager` is a median with its unit; every other cell is a ratio to it (`×`), less is better. A ratio
  is taken round by round and its median shown, so a machine that slows down for a while slows both sides.
- A round's time is the mean over its steps: a garbage collector's pauses are part of the price.
- `–` has its reason below the table; `≠` marks a peer whose losses or gradients are not the reference's, and then the
  exit status is 1, as it is where ours fails.
- Compilation is not timed: every peer has run its step before the first round.
- Every (workload, peer) pair has its own process, started with the thread counts set and with every variable removed
  that tunes BLAS, OpenMP or the allocator. Look at the libraries printed last before comparing large products: a BLAS
  that takes other kernels on this processor explains more there than any library's design.
- Other work on the machine shows as load before the first round; numbers taken under load are not to be published.
"""
