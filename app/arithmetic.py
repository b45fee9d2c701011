"""How many threads a server's arithmetic takes: those of its queries, and none of numpy's own beside them.

A query's products are small. OpenBLAS's threads wait for each other in a loop, so that two of them take three times the
processor time of one, and other queries have half of the cores meanwhile.
"""

from threadpoolctl import threadpool_limits


def calculate_in_one_thread() -> None:
    """Holds from now on for numpy's products, where OpenBLAS computes them: to be called once numpy is loaded."""
    threadpool_limits({"libscipy_openblas": 1})  # FAISS brings one of another name, which building an index needs whole
