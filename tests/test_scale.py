from bench.scale import DOCUMENT, SIZES, Rates, tables


def test_the_tables_follow_from_the_rates() -> None:
    one_core = tables(Rates(files_12mp=10, files_1mp=20, build=1e5, search_ms=10, sources=("a.json",)))
    twice = tables(Rates(files_12mp=20, files_1mp=40, build=2e5, search_ms=5, sources=("a.json",)))
    assert "| 1,000,000 | 2 h | 52 min | 1 | 0 min | 10 ms, one core |" in one_core
    assert "| 1,000,000 | 52 min | 26 min | 1 | 0 min | 5 ms, one core |" in twice
    assert all(f"| {size:,} |" in one_core for size in SIZES)
    assert "Qdrant nodes" in one_core


def test_the_document_has_a_place_for_them() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert text.index("<!-- bench.scale -->") < text.index("<!-- end -->")
