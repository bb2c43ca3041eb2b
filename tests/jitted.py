"""One function of LLVM's code compiled for whole arrays, in vectors of a width or as LLVM's own vectoriser likes."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import binding, ir

Emit = Callable[..., ir.Value]
TYPES: dict[Any, ir.Type] = {np.dtype("f4"): ir.FloatType(), np.dtype("f8"): ir.DoubleType()}
POINTER = ir.PointerType()


def loop(emit: Emit, arguments: int, dtype: Any, lanes: int) -> ir.Module:
    """void f(inputs…, output, count): count is a multiple of ``lanes``."""
    element, index = TYPES[np.dtype(dtype)], ir.IntType(64)
    kind = ir.VectorType(element, lanes) if lanes > 1 else element
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER] * (arguments + 1) + [index]), "f")
    for pointer in function.args[:-1]:
        pointer.add_attribute("noalias")
    entry, body, end = (function.append_basic_block(name) for name in ("entry", "body", "end"))
    builder = ir.IRBuilder(entry)
    builder.cbranch(builder.icmp_signed("<", ir.Constant(index, 0), function.args[-1]), body, end)
    builder.position_at_end(body)
    i = builder.phi(index)
    i.add_incoming(ir.Constant(index, 0), entry)
    places = [builder.gep(p, [i], source_etype=element) for p in function.args[:-1]]
    found = emit(builder, *(builder.load(p, align=element_size(dtype), typ=kind) for p in places[:-1]))
    if found.type != kind:  # truths
        found = builder.uitofp(found, kind)
    builder.store(found, places[-1], align=element_size(dtype))
    after = builder.add(i, ir.Constant(index, lanes))
    i.add_incoming(after, builder.block)
    builder.cbranch(builder.icmp_signed("<", after, function.args[-1]), body, end)
    ir.IRBuilder(end).ret_void()
    return module


def element_size(dtype: Any) -> int:
    return np.dtype(dtype).itemsize


def jitted(emit: Emit, dtype: Any, arguments: int = 1, lanes: int = 1) -> Callable[..., Any]:
    """A function of arrays of ``dtype`` of one shape, flat."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = binding.get_host_cpu_features().flatten()
    target = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=features, opt=3, jit=True
    )
    module = binding.parse_assembly(str(loop(emit, arguments, dtype, lanes)))
    module.verify()
    options = binding.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = True
    passes = binding.create_pass_builder(target, options)
    passes.getModulePassManager().run(module, passes)
    engine = binding.create_mcjit_compiler(module, target)
    engine.finalize_object()
    native = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (arguments + 1), ctypes.c_int64)(
        engine.get_function_address("f")
    )

    def run(*arrays: Any, out: Any = None) -> Any:
        count = len(arrays[0])
        padded = -count % lanes
        inputs = [np.concatenate([a, np.ones(padded, dtype)]) if padded else a for a in arrays]
        assert all(a.dtype == dtype and a.flags.c_contiguous for a in inputs)
        out = np.empty_like(inputs[0]) if out is None else out
        native(*(a.ctypes.data for a in (*inputs, out)), len(out))
        return out[:count]

    run.engine, run.module = engine, module  # type: ignore[attr-defined]
    return run
