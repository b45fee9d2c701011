"""Graphs with 8-bit weights, a quarter of the size.

`quantize_image_graph`: weights are stored in 8 bits and computed with in float32; ONNX Runtime unfolds them once, at
load. `quantize_by_block`: the matrix products run on 8-bit weights, blocks of 32 inputs and weights with a scale each;
embeddings are unfolded as they are looked up. Neither takes an activation's range from the batch at hand, so a vector
does not depend on what else is in it. `quantize_products` does, is the fastest, and is for graphs that are run one
picture at a time. `quantize_rows.py` lies between the last two: a scale for each row, which loses more than blocks do.
"""

import logging
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

BLOCK = 32  # weights of a row that share a scale
SMALLEST = 2**12  # values of a tensor worth storing in 8 bits

_WEIGHT_INPUT = {"Conv": 1, "Gemm": 1, "MatMul": 1, "Gather": 0}


def quantize_by_block(source: Path, target: Path) -> None:
    """Matrix products with 8-bit weights in blocks, embedding tables in 8 bits with a scale a feature."""
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    with _quiet():
        quantizer = MatMulNBitsQuantizer(
            onnx.load(source),
            bits=8,
            block_size=BLOCK,
            is_symmetric=True,
            accuracy_level=4,  # 8-bit arithmetic, the inputs scaled by row and block
            op_types_to_quantize=("MatMul",),
        )
        quantizer.process()
    model = quantizer.model.model
    store_weights_in_8_bits(model.graph)
    onnx.save(model, target)


def quantize_products(source: Path, target: Path) -> None:
    """Matrix products in 8 bits: weights scaled by column, each product's input by its own range in that run.

    Weights have 7 bits where this processor adds pairs of products in 16 bits: those of 8 would overflow there.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quiet():
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=_adds_in_16_bits(),
            weight_type=QuantType.QInt8,
        )


def _adds_in_16_bits(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this is an x86 processor without VNNI, as far as the system says."""
    try:
        flags = next((line for line in cpuinfo.read_text("utf-8").splitlines() if line.startswith("flags")), "")
    except OSError:
        return platform.machine().lower() in ("x86_64", "amd64")
    return bool(flags) and not any("vnni" in flag for flag in flags.split())


def quantize_image_graph(source: Path, target: Path) -> None:
    """Every weight in 8 bits, float32 arithmetic."""
    model = onnx.load(source)
    store_weights_in_8_bits(model.graph)
    onnx.save(model, target)


def store_weights_in_8_bits(graph: onnx.GraphProto) -> None:
    """Replaces large constant weights by int8 values, a cast and a scale for each output feature.

    A cast and a product of constants are what ONNX Runtime computes once, when it loads the graph; a DequantizeLinear
    would be computed in every run. Embedding tables are scaled by column, behind the look-up.
    """
    weights = {tensor.name: tensor for tensor in graph.initializer if is_large(tensor)}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        name = node.input[_WEIGHT_INPUT[node.op_type]] if node.op_type in _WEIGHT_INPUT else ""
        tensor = weights.pop(name, None)  # one that a second node shares is found by that node under its old name
        if tensor is None:
            nodes.append(node)
        elif node.op_type == "Gather":
            nodes += _stored_table(graph, node, tensor)
        else:
            nodes += [*_stored_weight(graph, node, tensor), node]
    del graph.node[:]
    graph.node.extend(nodes)


def is_large(tensor: onnx.TensorProto) -> bool:
    """Whether a constant is a matrix worth storing in 8 bits."""
    return tensor.data_type == TensorProto.FLOAT and len(tensor.dims) >= 2 and np.prod(tensor.dims) >= SMALLEST


def _stored_weight(graph: onnx.GraphProto, node: onnx.NodeProto, tensor: onnx.TensorProto) -> list[onnx.NodeProto]:
    """The nodes that unfold the weight of a Conv, Gemm or MatMul under its old name."""
    by_row = node.op_type == "Conv" or any(a.name == "transB" and a.i for a in node.attribute)
    _store(graph, tensor, axis=0 if by_row else len(tensor.dims) - 1)
    return _unfold(tensor.name, f"{tensor.name}_int8", f"{tensor.name}_scale")


def _stored_table(graph: onnx.GraphProto, node: onnx.NodeProto, tensor: onnx.TensorProto) -> list[onnx.NodeProto]:
    """The look-up in an 8-bit table, and the nodes that unfold what it finds."""
    _store(graph, tensor, axis=1)
    found = node.output[0]
    node.input[0], node.output[0] = f"{tensor.name}_int8", f"{found}_int8"
    return [node, *_unfold(found, f"{found}_int8", f"{tensor.name}_scale")]


def _store(graph: onnx.GraphProto, tensor: onnx.TensorProto, axis: int) -> None:
    values, scales = symmetric_8_bits(numpy_helper.to_array(tensor), axis)
    graph.initializer.remove(tensor)
    graph.initializer.append(numpy_helper.from_array(values, f"{tensor.name}_int8"))
    graph.initializer.append(numpy_helper.from_array(scales, f"{tensor.name}_scale"))


def _unfold(name: str, values: str, scales: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Cast", [values], [f"{name}_cast"], name=f"{name}_cast", to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_cast", scales], [name], name=f"{name}_unfold"),
    ]


def symmetric_8_bits(
    weight: NDArray[np.float32], axis: int, largest: int = 127
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """int8 values in -largest..largest, and the float32 scale of each slice along `axis`, shaped to multiply them."""
    others = tuple(i for i in range(weight.ndim) if i != axis % weight.ndim)
    scales = (np.abs(weight).max(axis=others, keepdims=True) / largest + 1e-12).astype(np.float32)
    return np.round(weight / scales).astype(np.int8), scales


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the quantiser's notes on every node off the screen."""
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
