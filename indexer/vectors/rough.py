"""Every row scored in 8 bits, and by how much such a score may be wrong: so it is known among which rows the best are.

A product of one query with all rows takes as long as their bytes take to reach the processor. These are a quarter of
single precision's, and ONNX Runtime multiplies them without making them wider. Nothing is lost: what a row lost when
it was rounded is known, so that those are left out of which it is certain that `k` others score higher, and the caller
scores the rest exactly.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.vectors.base import Ids, Vectors
from indexer.vectors.half import AnyCodes, chunks

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_ROW = 127  # the largest whole number of a row
_QUERY = 63  # of a query: two products of 7 and 8 bits fit in the 16 that AVX2 adds them in
_FINER = 2 * _QUERY  # a query's remainders are numbers of their own, so much smaller
_ROUNDING = 1e-5  # of single precision, in a score


class Rough:
    """8-bit copies of `codes` (n, dim), n being at least 1. Safe to use from several threads."""

    def __init__(self, codes: AnyCodes) -> None:
        count, dim = codes.shape
        self._widths = _widths(codes)  # (dim,): encoders have dimensions of their own size
        self._steps = np.empty(count, np.float32)  # what a row's 1 stands for
        self._lost = np.empty(count, np.float32)  # length of what rounding took from a row
        self._longest = 0.0
        columns = np.empty((dim, count), np.int8)
        for part in chunks(count):
            scaled = codes[part].astype(np.float32) / self._widths
            steps = np.maximum(np.abs(scaled).max(axis=1, keepdims=True), 1e-12) / _ROW
            rounded = np.rint(scaled / steps)
            columns[:, part] = rounded.T
            rounded *= steps
            self._steps[part] = steps[:, 0]
            self._lost[part] = np.linalg.norm((scaled - rounded) * self._widths, axis=1)
            self._longest = max(self._longest, float(np.linalg.norm(rounded, axis=1).max()))
        self._product = _product(columns)

    def candidates(self, queries: Vectors, k: int, eligible: NDArray[np.bool_]) -> list[Ids]:
        """For each of (q, dim) unit queries the eligible rows that may be among its k best ones, ascending."""
        first = max(len(eligible) - k, 0)
        found = []
        for scores, error in zip(*self._scores(queries), strict=True):
            at_least = np.partition(np.where(eligible, scores - self._lost, -np.inf), first)[first] - 2 * error
            found.append(np.flatnonzero(eligible & (scores + self._lost >= at_least)))
        return found

    def _scores(self, queries: Vectors) -> tuple[Vectors, Vectors]:
        """Of all rows (q, n), and by how much the rounding of each query may make them wrong (q,), beside `_lost`."""
        scaled = queries * self._widths
        units = np.maximum(np.abs(scaled).max(axis=1, keepdims=True), 1e-12) / _QUERY
        coarse = np.rint(scaled / units)
        fine = np.rint((scaled / units - coarse) * _FINER)
        left = scaled - units * (coarse + fine / _FINER)
        asked = np.concatenate([coarse, fine]) + (_QUERY + 1)
        (sums,) = self._product.run(None, {"queries": asked.astype(np.uint8)})
        whole = sums[: len(queries)] * _FINER + sums[len(queries) :]  # fits in 32 bits up to 2,000 dimensions
        scores: Vectors = whole.astype(np.float32)
        scores *= units / _FINER
        scores *= self._steps
        return scores, np.linalg.norm(left, axis=1) * self._longest + _ROUNDING


def _widths(codes: AnyCodes) -> Vectors:
    """The largest magnitude in each dimension (dim,)."""
    largest = np.max([np.abs(codes[part]).max(axis=0) for part in chunks(len(codes))], axis=0)
    result: Vectors = np.maximum(largest.astype(np.float32), 1e-12)
    return result


def _product(columns: NDArray[np.int8]) -> "InferenceSession":
    """Whole numbers (q, dim), 64 being 0, times `columns` (dim, n), which it keeps in its own order and no other."""
    import onnxruntime
    from onnx import TensorProto, helper

    dim, count = columns.shape
    rows = TensorProto(name="rows", data_type=TensorProto.INT8, dims=columns.shape)
    rows.data_location = TensorProto.EXTERNAL  # given beside the graph, which may hold 2 GB alone
    for key, value in (("location", "rows"), ("offset", "0"), ("length", str(columns.nbytes))):
        rows.external_data.add(key=key, value=value)
    zero = helper.make_tensor("zero", TensorProto.UINT8, [], [_QUERY + 1])
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["queries", "rows", "zero"], ["sums"])],
        "product",
        [helper.make_tensor_value_info("queries", TensorProto.UINT8, ["q", dim])],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, ["q", count])],
        [rows, zero],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = False  # else it keeps what the largest batch took
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_external_initializers(["rows"], [onnxruntime.OrtValue.ortvalue_from_numpy(columns)])
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
