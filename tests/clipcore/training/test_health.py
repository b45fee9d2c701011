import math

from clipcore.training.health import PATIENCE, Watch


def warnings(losses: list[float], capped: bool = False, captions: tuple[str, ...] = ("a", "b")) -> list[str]:
    said: list[str] = []
    watch = Watch(10, math.log(64), said.append)
    for step, loss in enumerate(losses, 1):
        watch.step(step, loss, capped, captions)
    return said


def test_a_loss_that_stays_at_chance_is_said_once_and_after_the_warm_up() -> None:
    stuck = [math.log(64) - 0.01] * (10 + PATIENCE)
    assert warnings(stuck[:-1]) == []
    (said,) = warnings(stuck * 3)
    assert "stayed at ln N = 4.16 for 200 steps" in said
    assert warnings([math.log(64) - 0.4] * 1000) == []


def test_the_temperature_at_its_cap_is_said_with_the_step() -> None:
    (said,) = warnings([1.0] * 5, capped=True)
    assert "held at its cap (a scale of 100) from step 1" in said


def test_copies_among_captions_are_counted_and_shown() -> None:
    (said,) = warnings([1.0] * 3, captions=("a dog",) * 3 + ("a cat",) * 2 + ("one", "two", "three"))
    assert "3 of a batch's 8 captions are copies of another one (such as 'a dog')" in said
    assert warnings([1.0], captions=("a dog", "a dog", *map(str, range(20)))) == []
