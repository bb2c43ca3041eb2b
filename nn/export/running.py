"""What computes a graph once, to compare: onnxruntime where it is installed, else ONNX's reference, which is slow."""

from __future__ import annotations

from typing import Any

from autograd_core.engine.errors import printable


def computed(model: Any, given: dict[str, Any], half: bool) -> list[Any]:
    """The results of a model, by the first that has its operators. ValueError where none has.

    half : whether there is float16 in it, of which onnxruntime may end the process
    """
    try:
        if not half:
            return _by_runtime(model, given)
    except Exception:  # not installed, or without an operator of a dtype: its exceptions have no class in common
        pass
    try:
        return _by_reference(model, given)
    except Exception as error:  # whatever an operator of it raises for settings that it does not know
        why = printable(str(error).partition("\n")[0])
        raise ValueError(
            f"export.onnx: ONNX's reference cannot run the graph ({why}), so that it is not compared with the model; "
            "nothing is written. Fix: pip install onnxruntime."
        ) from None


def _by_runtime(model: Any, given: dict[str, Any]) -> list[Any]:
    import onnxruntime  # not of the extra

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return list(session.run(None, given))


def _by_reference(model: Any, given: dict[str, Any]) -> list[Any]:
    from onnx.reference import ReferenceEvaluator

    return list(ReferenceEvaluator(model).run(None, given))
