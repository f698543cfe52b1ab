"""Matrix products with a frozen weight: in full precision, from fp16 without loss, or in int8.

Which kernel is fast depends on the shape. With one row and more outputs than inputs, a weight that
lies input by output streams up to twice as fast as the usual layout. FBGEMM's fp16 and int8 kernels
read half and a quarter of the bytes and pack the weight once.
"""

import warnings
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

Bias = Tensor | None

SHARED_NUMBERS = 1 << 24
"""A weight that is also the embedding is laid out a second time up to this many numbers."""
FEW, MANY = 4, 64
"""From so many rows to so many, oneDNN's packed layout is the fastest; below and above MKL is."""
STEPS = 95
"""Activations take -95..95. AVX2 adds two products in 16 bits: at 127 some overflow, at 63 rounding
is coarser than need be (on the nano base a divergence of 0.033, 0.020 and, at 95, 0.009 nats)."""
SMALLEST = 1e-12
"""Divides a row of zeros."""


class Linear(Protocol):
    """Maps rows of inputs to rows of outputs."""

    def __call__(self, rows: Tensor) -> Tensor:
        """Return (rows, outputs) of (rows, inputs)."""
        ...


class Exact:
    """The weight as it is, laid out for one row and for several on a CPU."""

    def __init__(self, weight: Tensor, bias: Bias = None, *, shared: bool = False) -> None:
        outputs, inputs = weight.shape
        free = weight.device.type == "cpu" and weight.dtype == torch.float32
        free = free and not (shared and weight.numel() > SHARED_NUMBERS)
        self._across = free and outputs >= inputs
        self._weight = weight.t().contiguous() if self._across else weight
        self._bias = bias
        self._packed: Tensor | None = None
        if free and torch.backends.mkldnn.is_available():
            self._packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), 2 * FEW)

    def __call__(self, rows: Tensor) -> Tensor:
        """Return (rows, outputs)."""
        if self._packed is not None and FEW <= len(rows) <= MANY:
            product: Tensor = torch.ops.mkldnn._linear_pointwise(
                rows, self._packed, self._bias, "none", [], ""
            )
            return product
        if not self._across:
            return functional.linear(rows, self._weight, self._bias)
        if self._bias is None:
            return torch.mm(rows, self._weight)
        return torch.addmm(self._bias, rows, self._weight)


class Half:
    """A weight whose numbers all fit fp16, packed so; products and sums stay fp32."""

    def __init__(self, weight: Tensor, bias: Bias = None) -> None:
        torch.backends.quantized.engine = "fbgemm"
        self._packed = torch.ops.quantized.linear_prepack_fp16(weight.contiguous(), bias)
        self._product: Any = torch.ops.quantized.linear_dynamic_fp16.default

    def __call__(self, rows: Tensor) -> Tensor:
        """Return (rows, outputs)."""
        product: Tensor = self._product(rows, self._packed)
        return product


class Int8:
    """An int8 weight, scaled by output; every row is scaled alone, so that none changes another."""

    def __init__(self, weight: Tensor, bias: Bias = None) -> None:
        torch.backends.quantized.engine = "fbgemm"
        scales = (weight.abs().amax(1) / 127).clamp_min(SMALLEST).double()
        with warnings.catch_warnings():  # the kernels stay, their front end moves to torchao
            warnings.simplefilter("ignore")
            zeros = torch.zeros(weight.shape[0], dtype=torch.long)
            quantized = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        self._packed = torch.ops.quantized.linear_prepack(quantized, None)
        self._product: Any = (
            torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32.default
        )
        self._bias = bias

    def __call__(self, rows: Tensor) -> Tensor:
        """Return (rows, outputs)."""
        largest = rows.abs().amax(-1, keepdim=True).clamp_min_(SMALLEST)
        product: Tensor = self._product(rows / largest, 1 / STEPS, STEPS + 1, self._packed)
        product.mul_(largest)
        return product if self._bias is None else product.add_(self._bias)


def fits_fp16(weight: Tensor) -> bool:
    """Tell whether fp16 holds every number of a fp32 weight on the CPU, so that nothing is lost.

    True of bases that were published in fp16 and of nearly all that were in bf16.
    """
    if weight.device.type != "cpu" or not has_fbgemm():
        return False
    return bool((weight.half().float() == weight).all())


def has_fbgemm() -> bool:
    """Tell whether this build of torch has the fp16 and int8 kernels."""
    return "fbgemm" in torch.backends.quantized.supported_engines


def linear(weight: Tensor, bias: Bias = None, *, int8: bool, shared: bool = False) -> Linear:
    """Return the product with a weight of shape (outputs, inputs), by the fastest kernel."""
    if int8:
        return Int8(weight, bias)
    if weight.dtype == torch.float32 and fits_fp16(weight):
        return Half(weight, bias)
    return Exact(weight, bias, shared=shared)
