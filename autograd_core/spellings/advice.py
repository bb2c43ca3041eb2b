"""What to use instead of PyTorch's names that are not here, or that mean something else beside NumPy's.

Read only when a name was not found. ``EXACT`` answers single names, ``KINDS`` whole families by a pattern.
"""

from __future__ import annotations

import re

EXACT: dict[str, str] = {
    # another meaning in NumPy's functions: only under the NumPy face
    "split": "ag.split(t, n) cuts into n pieces as NumPy does; t[i:j] takes one",
    "median": "np.median(t, axis=…), which averages the two in the middle",
    "nanmedian": "np.nanmedian(t, axis=…), which averages the two in the middle",
    "cross": "np.cross(t, u, axis=…)",
    "tile": "np.tile(t, reps)",
    "hsplit": "np.hsplit(t, n)",
    "vsplit": "np.vsplit(t, n)",
    "dsplit": "np.dsplit(t, n)",
    # tensors
    "apply_": "an operation on the whole tensor, np.where(…) for a choice",
    "map_": "an operation on both tensors",
    "map2_": "an operation on all tensors",
    "as_strided": "t.unfold(dim, size, step), ag.sliding_window_view or an index: strides of memory have no derivative",
    "index": "t[index]",
    "new": "t.new_zeros(shape), t.new_tensor(data)",
    "resize": "t.reshape(shape)",
    "resize_": "t = t.reshape(shape), or t.data = array for a leaf",
    "resize_as_": "t = t.reshape(u.shape)",
    "set_": "t.data = array",
    "type": "t.dtype, and t.to(dtype) to convert",
    "volatile": "with torch.no_grad():",
    "stride": "t.numpy().strides, in bytes",
    "storage": "t.numpy(), which shares the memory",
    "name": "a variable's name; named axes are not here",
    "reinforce": "log_prob(…) * reward as a loss",
    "register_post_accumulate_grad_hook": "t.register_hook(f), or optimizer.register_step_pre_hook(f)",
    "to_dense": "the tensor itself: every tensor is dense",
    "as_subclass": "the tensor itself; the face has one class of tensors",
    "module_load": "t.copy_(u)",
    "retains_grad": "t.grad is not None after backward()",
    "svd": "torch.linalg.svd(a)",
    "eig": "torch.linalg.eig(a)",
    "symeig": "torch.linalg.eigh(a)",
    "lstsq": "torch.linalg.lstsq(a, b)",
    "solve": "torch.linalg.solve(a, b)",
    "triangular_solve": "torch.linalg.solve_triangular(a, b, upper=…)",
    "cholesky_solve": "torch.linalg.solve(L @ L.mT, b)",
    "cholesky_inverse": "torch.linalg.inv(L @ L.mT)",
    "chain_matmul": "torch.linalg.multi_dot(matrices)",
    "matrix_rank": "torch.linalg.matrix_rank(a)",
    "histogram": "torch.histc, or np.histogram(t.detach().numpy()): counts have no derivative",
    "saddmm": "torch.addmm: every matrix is dense",
    # functions of torch
    "bfloat16": "torch.float32, or torch.float16: NumPy has no bfloat16",
    "BFloat16Tensor": "torch.float32: NumPy has no bfloat16",
    "func": "ag.grad, ag.vjp, ag.jvp, ag.jacobian, ag.hessian, ag.vmap; nn.functional_call",
    "vmap": "ag.vmap(f)",
    "distributions": "the density as a formula (F.gaussian_nll_loss, -logits.logsumexp), samples by torch.randn(…)",
    "autocast": "model.half() or model.double(): one dtype through a model; mixed precision is not here",
    "amp": "model.half() or model.double(): one dtype through a model; mixed precision is not here",
    "GradScaler": "nothing: gradients of float32 need no scaling",
    "jit": "the function itself, or ag.compile(step)",
    "fx": "ag.trace(f, x), which gives the graph of a computation",
    "export": "ag.trace(f, x) shows a computation; the weights go by torch.save(model.state_dict(), path)",
    "onnx": "ag.trace(f, x) shows a computation; the weights go by torch.save(model.state_dict(), path)",
    "hub": "weights as safetensors: model.load_state_dict(torch.load(path))",
    "profiler": "with ag.profile() as report:",
    "multiprocessing": "Python's own multiprocessing",
    "distributed": "nn.Trainer(…, comm=MPI.COMM_WORLD) of this library, and its nn.distributed, on MPI",
    "nested": "padded tensors and a mask, or nn.utils.rnn.pack_padded_sequence",
    "masked": "torch.where(mask, t, 0)",
    "random": "torch.manual_seed(seed), torch.get_rng_state()",
    "ops": "the functions of torch themselves; ag.primitive declares one of your own",
    "library": "ag.primitive, which declares an operation with its derivative",
    "testing": "numpy.testing.assert_allclose(t.detach().numpy(), u.detach().numpy())",
    "igamma": "scipy.special.gammainc(a, x.detach().numpy()): it has no derivative here",
    "igammac": "scipy.special.gammaincc(a, x.detach().numpy()): it has no derivative here",
    "binomial": "torch.from_numpy(numpy.random.default_rng().binomial(n, p))",
    "Storage": "t.numpy(), which shares the memory",
    "set_default_tensor_type": "torch.set_default_dtype(dtype)",
    "set_default_device": "nothing: tensors lie in the memory of the CPU",
    "cond": "Python's if, or ag.cond; torch.linalg.cond for the condition number",
    "while_loop": "Python's while, or ag.while_loop",
    "Variable": "torch.tensor(data, requires_grad=True)",
    "quasirandom": "scipy.stats.qmc, as torch.from_numpy(…)",
    "kaiser_window": "torch.from_numpy(numpy.kaiser(n, beta))",
    "svd_lowrank": "torch.linalg.svd(a), of which the first columns are taken",
    "pca_lowrank": "torch.linalg.svd(a - a.mean(0)), of which the first columns are taken",
    "lobpcg": "torch.linalg.eigh(a)",
    "unravel_index": "numpy.unravel_index(t.numpy(), shape)",
    "segment_reduce": "torch.scatter_reduce with the number of each segment",
    "Event": "time.perf_counter()",
    "Stream": "nothing: operations run one after the other",
    # layers and functions of layers
    "DataParallel": "the model itself, and nn.Trainer(…, comm=MPI.COMM_WORLD) of this library on several processes",
    "SyncBatchNorm": "nn.distributed.SyncBatchNorm of this library; nn.BatchNorm2d and its kin in one process",
    "CrossMapLRN2d": "nn.LocalResponseNorm",
    "Container": "nn.Module",
    "NLLLoss2d": "nn.NLLLoss, which takes any number of axes",
    "RNNBase": "nn.RNN, nn.LSTM, nn.GRU",
    "RNNCellBase": "nn.RNNCell, nn.LSTMCell, nn.GRUCell",
    "UninitializedParameter": "nn.LazyLinear and its kin, which wait for their first input",
    "UninitializedBuffer": "nn.LazyBatchNorm1d and its kin, which wait for their first input",
    "LinearCrossEntropyOptions": "nothing: the loss is computed in blocks where it is large",
    "grouped_mm": "a loop over groups, or one torch.bmm of padded ones",
    "scaled_mm": "a @ b * scale",
    "scaled_grouped_mm": "a loop over groups of a @ b * scale",
    "conv_tbc": "F.conv1d(x.permute(1, 2, 0), weight.permute(2, 1, 0))",
    "grad": "loss.backward(), torch.autograd.grad(loss, inputs)",
    "parallel": "the model itself: one process computes",
    "parametrizations": "nn.utils.parametrizations",
    "swap_in_optimizer_params_and_state": "optimizer.load_state_dict(state)",
    "norm_except_dim": "nn.utils.parametrizations.weight_norm",
    "frobenius_norm": "torch.linalg.norm(t)",
    "nuclear_norm": 'torch.linalg.matrix_norm(t, "nuc")',
    "frombuffer": "torch.from_numpy(numpy.frombuffer(buffer, dtype))",
    "from_file": "torch.from_numpy(numpy.memmap(path, dtype))",
    "from_dlpack": "torch.from_numpy(numpy.from_dlpack(x))",
    "to_dlpack": "numpy.from_dlpack, which takes t.numpy()",
    "histogramdd": "numpy.histogramdd(t.detach().numpy()): counts have no derivative",
    "nonzero_static": "torch.nonzero(t)",
    "empty_permuted": "torch.empty(shape)",
    "empty_strided": "torch.empty(shape)",
    "new_empty_strided": "t.new_empty(shape)",
    "convolution": "F.conv1d, F.conv2d, F.conv3d and their transposes",
    "affine_grid_generator": "F.affine_grid(theta, size)",
    "grid_sampler": "F.grid_sample(x, grid)",
    "grid_sampler_2d": "F.grid_sample(x, grid)",
    "grid_sampler_3d": "F.grid_sample(x, grid)",
    "default_generator": "ag.default_generator()",
    "BufferDict": "nn.Module with register_buffer",
    "ParameterDict": "nn.ParameterDict",
    "ModuleDict": "nn.ModuleDict",
    "feature_dropout": "F.dropout2d",
    "cpu": "nothing: tensors lie in the memory of the CPU",
    "slice_inverse": "t.at[index].set(values)",
    "grad_dtype": "t.grad.dtype",
    "attention": "F.scaled_dot_product_attention(query, key, value)",
    "resize_as": "t.reshape(u.shape)",
    "to_padded_tensor": "nn.utils.rnn.pad_sequence(tensors)",
    "AcceleratorError": "RuntimeError",
    "choose_qparams_optimized": "float32 throughout: quantized numbers are not here",
    "constant_pad_nd": "F.pad(x, pad, value=value)",
    "embedding": "F.embedding(indices, weight)",
    "parameter": "nn.Parameter",
    "put": "t.at[index].set(values), which gives a new tensor",
    "bernoulli": "ag.default_generator().random(t.shape) < t",
    "multinomial": "ag.default_generator().choice(n, size, p=p)",
    "hardshrink": "nn.functional.hardshrink(t)",
    "prelu": "nn.functional.prelu(t, weight)",
    "upsample": "F.interpolate(x, size, scale_factor, mode)",
}
"""Names that are not here, and what stands for them."""

KINDS: tuple[tuple[str, str], ...] = (
    (r"^q(u?int|scheme|_)|quant|dequant|^per_(tensor|channel)|^fbgemm|^qat|^fake_|^fused_moving|^intrinsic$|^int_repr$|^ao$",
     "float32 throughout: quantized numbers are not here"),
    (r"spars|coalesce|^(ccol|col|crow|row)_indices|^(indices|values)(_copy)?$"
     r"|^(dense_dim|hsmm|hspmm|smm|spmm|dsmm|sspaddmm)$",
     "dense tensors; a matrix of scipy.sparse is a constant of A @ t"),
    (r"^(cudnn|mkldnn|miopen|native)_|mkldnn|^batch_norm_", "the function of nn.functional by its plain name"),
    (r"^is_(ipu|maia|meta|mps|mtia|vulkan|xla|xpu|cpu|quantized|nested|pinned|shared|inference|distributed)",
     "t.device: tensors lie in the memory of the CPU, or of a GPU where CuPy holds them"),
    (r"^(cpp|mps|mtia|xpu|ipu|accelerator|Device|get_device|has_)", "t.device: the CPU; a GPU where CuPy is installed"),
    (r"autocast|^amp", "one dtype through a model, model.half() or model.double(): mixed precision is not here"),
    (r"[Ss]torage|^data_ptr|memory_format|^record_stream$|^dim_order$|^legacy_|^layout$|^output_nr$|^const_",
     "t.numpy(), which shares the memory: how it lies there is NumPy's business"),
    (r"^(float8|float4|complex32|chalf|bits?\d|bit$|u?int[1-7]$|Short|Half|Byte|Char|Long|Int|Float|Double|Bool|Complex)",
     "torch.tensor(data, dtype=…) in one of NumPy's dtypes, and t.to(dtype) to convert"),
    (r"(Tensor|Storage)$", "torch.tensor(data, dtype=…), which makes every tensor"),
    (r"_(copy|scatter)$", "the function without the suffix: nothing here is a view that others write through"),
    (r"^unsafe_|^alias", "the function without the prefix"),
    (r"^sym_|^Sym", "Python's numbers: shapes are plain integers"),
    (r"_with_indices$", "the function with return_indices=True"),
    (r"^(quantized_)?(lstm|gru|rnn)", "nn.LSTM, nn.GRU, nn.RNN and their cells"),
    (r"^upsample", "F.interpolate(x, size, scale_factor, mode)"),
    (r"(?<!_)_$", "the function without the underscore: t = f(t)"),
    (r"^geqrf", "torch.linalg.qr(a): LAPACK's packed reflections are not here"),
    (r"^(Script|JIT|Jit|.*Type$|Graph|Block|Node|Use|Value|Code|CompilationUnit|Concrete|Class|Function|Lite|Static|parse_"
     r"|import_ir|merge_type|unify|Argument|Alias|Tag|Await|Module|IODescriptor|Exec|Logger|Locking|Noop|Operator|PyTorch"
     r"|Serial|Deserial|Inferred|Compl|Capsule|Call|Benchmark|Throughput|Dispatch|Disable|Exclude|Error|Fatal|File|Future"
     r"|futures|Optional|Enum|Dict|List|Tuple|Union|AggregationType|AVG|SUM|Gradient|TracingState|DeepCopy|StreamObj)",
     "the function itself: nothing is compiled to a script; ag.trace(f, x) shows a computation as a graph"),
    (r"^functional$", "ag.jacobian, ag.hessian, ag.vjp, ag.jvp; functions of layers are in torch.nn.functional"),
    (r"^(os|sys|math|glob|inspect|functools|builtins|ctypes|platform|signal|textwrap|threading|types|typename|warnings"
     r"|importlib|dataclasses|np|torch|serialization|package|overrides|return_types|storage|classproperty"
     r"|TYPE_CHECKING|Callable|Optional|DType|Tensor|BroadcastingList\d|common_types|factory_kwargs|grad_mode|classes)$",
     "Python's module itself, or the name where it is defined: PyTorch has it here by accident"),
    (r"^(set|get|is|use|init|are|clear|compiled|prepare|version|torch_version|monitor|windows|compiler|fork|wait|jagged"
     r"|initial|hash|GRID|Scaling|Swizzle|assert|boolean|handle|has|reproduc|sparse|tf32|thread|profiler|USE|PRIVATE|Out)",
     "nothing: it sets or tells how PyTorch itself runs, and changes no number here"),
)  # fmt: skip

_COMPILED: list[tuple[re.Pattern[str], str]] = []


def answer(where: str, name: str) -> str:
    """The message about a name of PyTorch's that is not here."""
    what = "Tensor" if where == "Tensor" else f"module {where!r}"
    found = advice(name)
    if found is None:
        return f"{what} has no attribute {name!r}"
    return f"{what} has no {name!r} here, as PyTorch has. Fix: {found}."


def advice(name: str) -> str | None:
    """What stands for a name of PyTorch's; None for a name that nobody knows."""
    if name in EXACT:
        return EXACT[name]
    if not _COMPILED:
        _COMPILED.extend((re.compile(pattern), text) for pattern, text in KINDS)
    return next((text for pattern, text in _COMPILED if pattern.search(name)), None)
