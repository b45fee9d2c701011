"""What is asked at once is answered in one call, each with its own answer or error."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer.together import Together


def test_what_comes_meanwhile_is_answered_together() -> None:
    calls: list[list[int]] = []
    first, go = threading.Event(), threading.Event()

    def work(asked: Sequence[int]) -> list[int]:
        calls.append(list(asked))
        first.set()
        assert go.wait(30)
        return [10 * one for one in asked]

    together = Together(work, most=4)
    with ThreadPoolExecutor(10) as pool:
        answers = [pool.submit(together, 0)]
        assert first.wait(30)
        answers += [pool.submit(together, one) for one in range(1, 10)]
        while len(together._waiting) < 9:
            time.sleep(0.001)
        go.set()
        assert [answer.result(30) for answer in answers] == [10 * one for one in range(10)]
    assert [len(call) for call in calls] == [1, 4, 4, 1]
    assert together(11) == 110


def test_a_call_waits_for_more_only_behind_one_of_several() -> None:
    calls: list[int] = []
    go = threading.Event()

    def work(asked: Sequence[int]) -> list[int]:
        calls.append(len(asked))
        assert go.wait(30)
        return list(asked)

    together = Together(work, patience=30)
    with ThreadPoolExecutor(8) as pool:
        some = [pool.submit(together, one) for one in range(3)]
        while len(together._waiting) < 2 or not calls:
            time.sleep(0.001)
        go.set()
        assert [answer.result(30) for answer in some] == [0, 1, 2]
        more = [pool.submit(together, one) for one in range(4)]
        assert [answer.result(30) for answer in more] == [0, 1, 2, 3]
    assert calls == [1, 2, 4]


def test_an_error_goes_to_its_own_request_alone() -> None:
    def work(asked: Sequence[int]) -> list[int]:
        time.sleep(0.01)
        if 3 in asked:
            raise ValueError(f"not 3: {asked}")
        return list(asked)

    together = Together(work)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(together, one) for one in range(8)]
    assert [answer.result() for one, answer in enumerate(answers) if one != 3] == [0, 1, 2, 4, 5, 6, 7]
    with pytest.raises(ValueError, match=r"not 3: \[3\]"):
        answers[3].result()
