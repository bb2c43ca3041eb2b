"""What a measuring process inherits: thread counts by intent, nothing by accident."""

import importlib.metadata
import os
import platform
import sys

# Each of these can change a peer's kernels, threads or allocator without a trace in the code.
CLEARED = ("OPENBLAS_", "OMP_", "MKL_", "MALLOC_", "GOMP_", "KMP_", "XLA_", "JAX_", "TORCH_", "NPROC", "PJRT_NPROC",
           "GLIBC_TUNABLES", "LD_PRELOAD", "PYTHONDONTWRITEBYTECODE")  # fmt: skip

DISTRIBUTIONS = {
    "ours": "autograd-core",
    "ours_replayed": "autograd-core",
    "ours_llvm": "llvmlite",
    "torch_eager": "torch",
    "torch_fused": "torch",
    "torch_compile": "torch",
    "jax_jit": "jax",
    "sklearn": "scikit-learn",
}


def clean(threads: int) -> tuple[dict[str, str], list[str]]:
    """Return the environment for a worker with `threads` threads, and the names of what was removed from ours."""
    removed = sorted(name for name in os.environ if name.startswith(CLEARED))
    environment = {name: value for name, value in os.environ.items() if name not in removed}
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        environment[variable] = str(threads)
    # XLA sizes its pool from the machine unless told otherwise, and lets Eigen use the whole of it.
    environment |= {"NPROC": str(threads), "PJRT_NPROC": str(threads)}
    if threads == 1:
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    # Inductor's pool of compiler processes would still be busy when the first round is timed.
    environment["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
    return environment, removed


def machine() -> dict[str, object]:
    """Describe the machine and the interpreter; no names of hosts or paths."""
    processor = platform.processor()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as lines:
            processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), processor)
    return {"processor": processor, "cores": os.cpu_count(), "python": platform.python_version()}


def version(peer: str) -> str | None:
    """Return the installed version behind a peer's name."""
    try:
        return importlib.metadata.version(DISTRIBUTIONS.get(peer, peer))
    except importlib.metadata.PackageNotFoundError:
        return None


def libraries() -> list[str]:
    """Say which BLAS and OpenMP libraries this process has loaded, with how many threads and which kernels."""
    found = []
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        found.append("threadpoolctl is not installed")
    else:
        for pool in threadpool_info():
            threads = f"{pool['num_threads']} thread(s)"
            words = (pool["internal_api"], pool["version"], pool.get("architecture"), threads)
            found.append(" ".join(word for word in words if word))
    if "torch" in sys.modules:
        # PyTorch links MKL statically, where threadpoolctl cannot see it.
        import torch

        blas = "MKL" if torch.backends.mkl.is_available() else "BLAS"
        capability = torch.backends.cpu.get_cpu_capability()
        found.append(f"torch {blas} {torch.get_num_threads()} thread(s), own kernels {capability}")
    return sorted(set(found))
