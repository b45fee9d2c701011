"""Matrix products in 8 bits whose inputs are scaled row by row: a quarter of the size, and fast on any processor.

Each row of a product's input is scaled by its own largest value, each column of its weights by theirs, and what is
added up are products of bytes. Weights have 7 bits, since processors without VNNI add pairs of products in 16 bits,
which those of 8 would overflow; inputs have 8, which lose more by rounding.
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from clipcore.quantize import is_large, store_weights_in_8_bits, symmetric_8_bits

INPUT, WEIGHT = 127, 63  # the largest values on either side
_SMALLEST = 1e-12  # a scale, so that a row of zeros has one

_CONSTANTS: dict[str, NDArray[np.generic]] = {
    "rows_step": np.array(1 / INPUT, np.float32),
    "rows_smallest": np.array(_SMALLEST, np.float32),
    "rows_zero": np.array(INPUT + 1, np.uint8),
    "rows_1": np.array(1, np.float32),
    "rows_last_axis": np.array([-1], np.int64),
}


def quantize_by_row(source: Path, target: Path) -> None:
    """Writes the graph at `source` with its products of constant matrices so, and other large weights in 8 bits.

    A row's result does not depend on the other rows.
    """
    model = onnx.load(source)
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 2 and is_large(tensor)}
    nodes: list[onnx.NodeProto] = []
    done: set[str] = set()  # inputs and weights in 8 bits: three products of an attention share their input
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in weights:
            nodes.append(node)
            continue
        given, weight = node.input
        if given not in done:
            nodes += _scaled(given)
        if weight not in done:
            _store(graph, weights[weight])
        done |= {given, weight}
        nodes += _product(given, weight, node.output[0])
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in _CONSTANTS.items())
    if all(used.domain != "com.microsoft" for used in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    store_weights_in_8_bits(graph)
    onnx.save(model, target)


def _scaled(name: str) -> list[onnx.NodeProto]:
    """The nodes from an input (..., k) to its bytes, uint8 (..., k) around 128, and the scales of its rows (..., 1)."""
    return [
        _node("Abs", [name], f"{name}_sizes"),
        _node("ReduceMax", [f"{name}_sizes", "rows_last_axis"], f"{name}_largest", keepdims=1),
        _node("Mul", [f"{name}_largest", "rows_step"], f"{name}_steps"),
        _node("Max", [f"{name}_steps", "rows_smallest"], f"{name}_scales"),
        _node("Div", [name, f"{name}_scales"], f"{name}_scaled"),
        _node("QuantizeLinear", [f"{name}_scaled", "rows_1", "rows_zero"], f"{name}_bytes"),
    ]


def _store(graph: onnx.GraphProto, weight: onnx.TensorProto) -> None:
    """Puts int8 values (k, n) and the scales of their columns (n,) in place of a weight."""
    values, scales = symmetric_8_bits(numpy_helper.to_array(weight), axis=1, largest=WEIGHT)
    graph.initializer.remove(weight)
    graph.initializer.append(numpy_helper.from_array(values, f"{weight.name}_int8"))
    graph.initializer.append(numpy_helper.from_array(scales[0], f"{weight.name}_scale"))


def _product(given: str, weight: str, result: str) -> list[onnx.NodeProto]:
    """The nodes from both in 8 bits to their product."""
    factors = [f"{given}_bytes", f"{weight}_int8", "rows_1", f"{weight}_scale", "rows_zero"]
    return [
        _node("MatMulIntegerToFloat", factors, f"{result}_unscaled", domain="com.microsoft"),
        _node("Mul", [f"{result}_unscaled", f"{given}_scales"], result),
    ]


def _node(kind: str, inputs: list[str], output: str, domain: str = "", **attributes: int) -> onnx.NodeProto:
    return helper.make_node(kind, inputs, [output], name=f"{output}_node", domain=domain, **attributes)
