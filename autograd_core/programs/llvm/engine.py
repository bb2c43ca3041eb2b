"""From LLVM's text to functions in this process."""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding as llvm


@functools.cache
def _initialize() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def target() -> Any:
    """The machine that this process runs on, with all its instructions: a new one, for an engine owns its own."""
    _initialize()
    features = llvm.get_host_cpu_features().flatten()
    host = llvm.Target.from_default_triple()
    return host.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=2, jit=True)


@functools.cache
def vector_bytes() -> int:
    """The length of a vector register."""
    features = llvm.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx2") else 16


def optimised(text: str) -> tuple[Any, Any]:
    """The module of a text after LLVM's passes, and the machine it is for."""
    module = llvm.parse_assembly(text)
    host = target()
    module.triple = host.triple
    module.data_layout = str(host.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=1)
    options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
    builder = llvm.create_pass_builder(host, options)
    builder.getModulePassManager().run(module, builder)
    return module, host


def object_code(text: str) -> bytes:
    """Machine code as a file of the system's format."""
    module, host = optimised(text)
    code: bytes = host.emit_object(module)
    return code


def linked(code: bytes) -> Any:
    """The engine that owns the machine code; it must live as long as its functions are called."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine
