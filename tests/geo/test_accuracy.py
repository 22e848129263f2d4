"""The stratified estimator: the published example, coverage of its intervals, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.accuracy import BadMatrix, ErrorMatrix, StratumTooSmall, estimate, ratio

CLASSES = ("deforestation", "forest gain", "stable forest", "stable non-forest")
COUNTS = [[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]]
MAPPED = dict(zip(CLASSES, (200_000, 150_000, 3_200_000, 6_450_000), strict=True))
WORDS = ("recovered", "still", "stable")


@pytest.fixture(scope="module")
def published():
    return estimate(ErrorMatrix.of(CLASSES, COUNTS), MAPPED)


def test_the_worked_example_has_its_published_overall_accuracy(published):
    assert published.overall.value == pytest.approx(0.9465, abs=5e-5)
    assert published.overall.half_width == pytest.approx(0.0185, abs=5e-5)


def test_the_worked_example_has_its_published_area_of_deforestation(published):
    area = published.areas["deforestation"]
    assert round(area.value) == 235_086
    assert round(area.half_width) == 68_418


def test_the_users_accuracy_is_the_share_of_the_row(published):
    assert [round(one.value, 2) for one in published.users.values()] == [0.88, 0.73, 0.93, 0.96]
    assert [round(one.half_width, 2) for one in published.users.values()] == [0.07, 0.10, 0.04, 0.02]


def test_the_producers_accuracy_is_weighted_by_the_mapped_areas(published):
    assert [round(one.value, 2) for one in published.producers.values()] == [0.75, 0.85, 0.93, 0.96]
    # eq. 7 by hand for the first class: its own row and the rows that hold points of it
    weights = np.array(list(MAPPED.values())) / sum(MAPPED.values())
    own = weights[0] ** 2 * (1 - 0.7486614) ** 2 * 0.88 * 0.12 / 74
    rest = weights[2] ** 2 / 165 * (164 / 165) / 164 + weights[3] ** 2 * 2 / 325 * (323 / 325) / 324
    found = 0.0235086
    by_hand = np.sqrt(own + 0.7486614**2 * rest) / found
    assert published.producers["deforestation"].se == pytest.approx(by_hand, rel=1e-4)


def test_areas_add_up_to_what_is_mapped(published):
    assert sum(one.value for one in published.areas.values()) == pytest.approx(10_000_000)
    assert published.proportions.sum() == pytest.approx(1)


def test_a_stratum_with_one_point_is_an_error_and_no_zero_variance():
    matrix = ErrorMatrix.of(("a", "b"), [[1, 0], [0, 30]])
    with pytest.raises(StratumTooSmall, match="stratum a has 1"):
        estimate(matrix, {"a": 10, "b": 90})
    with pytest.raises(StratumTooSmall):
        ratio(matrix, {"a": 10, "b": 90}, part={"a"}, whole={"a", "b"})


def test_a_stratum_without_area_needs_no_point():
    matrix = ErrorMatrix.of(("a", "b"), [[0, 0], [3, 27]])
    assert estimate(matrix, {"a": 0, "b": 90}).areas["a"].value == pytest.approx(9)


@pytest.mark.parametrize(
    ("counts", "problem"),
    [([[1, 2]], "2 classes"), ([[1, 2], [3, -1]], "not negative"), ([[1.5, 2], [3, 1]], "whole number")],
)
def test_a_table_that_is_no_error_matrix_is_refused(counts, problem):
    with pytest.raises(BadMatrix, match=problem):
        ErrorMatrix.of(("a", "b"), counts)


def test_a_point_of_another_class_is_refused_by_name():
    with pytest.raises(BadMatrix, match="'lake' is none of a, b"):
        ErrorMatrix.of_points(("a", "b"), [("a", "lake")])


def test_a_mapped_class_outside_the_matrix_is_refused():
    with pytest.raises(BadMatrix, match="c is mapped"):
        estimate(ErrorMatrix.of(("a", "b"), [[9, 1], [1, 9]]), {"a": 1, "b": 1, "c": 1})


def test_with_one_stratum_the_ratio_is_the_simple_proportion():
    matrix = ErrorMatrix.of(WORDS, [[30, 70, 0], [0, 0, 0], [0, 0, 0]])
    found = ratio(matrix, {"recovered": 12.0}, part={"recovered"}, whole={"recovered", "still"})
    assert found.value == pytest.approx(0.3)
    assert found.se == pytest.approx(np.sqrt(0.3 * 0.7 / 99))
    assert not found.clipped


def test_the_ratio_knows_the_covariance_of_its_two_areas():
    matrix = ErrorMatrix.of(WORDS, [[40, 5, 5], [4, 40, 6], [3, 7, 90]])
    mapped = {"recovered": 30, "still": 50, "stable": 20}
    found = ratio(matrix, mapped, part={"recovered"}, whole={"recovered", "still"})
    weight = np.array([0.3, 0.5, 0.2])
    n = matrix.counts.sum(axis=1)
    y = matrix.counts[:, 0] / n
    x = matrix.counts[:, :2].sum(axis=1) / n
    value = (weight @ y) / (weight @ x)
    s_yy, s_xx, s_xy = (a * (1 - b) * n / (n - 1) for a, b in ((y, y), (x, x), (y, x)))
    variance = (weight**2 / n * (s_yy + value**2 * s_xx - 2 * value * s_xy)).sum() / (weight @ x) ** 2
    assert found.value == pytest.approx(value)
    assert found.se == pytest.approx(np.sqrt(variance))


def test_a_ratio_of_nothing_is_none_and_an_interval_beyond_1_is_cut_and_says_so():
    nothing = ErrorMatrix.of(WORDS, [[0, 0, 9], [0, 0, 9], [0, 0, 9]])
    mapped = {"recovered": 1, "still": 1, "stable": 1}
    assert ratio(nothing, mapped, part={"recovered"}, whole={"recovered", "still"}) is None
    nearly = ErrorMatrix.of(WORDS, [[29, 1, 0], [30, 0, 0], [0, 0, 30]])
    found = ratio(nearly, mapped, part={"recovered"}, whole={"recovered", "still"})
    assert found.high == 1
    assert found.clipped


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_the_order_of_the_points_changes_nothing(data):
    words = st.sampled_from(WORDS)
    points = data.draw(st.lists(st.tuples(words, words), min_size=6, max_size=40))
    points += [(word, word) for word in WORDS for _ in range(2)]
    shuffled = data.draw(st.permutations(points))
    mapped = dict(zip(WORDS, (3.0, 5.0, 7.0), strict=True))
    one, other = (
        ratio(
            ErrorMatrix.of_points(WORDS, given_points),
            mapped,
            part={"recovered"},
            whole={"recovered", "still"},
        )
        for given_points in (points, shuffled)
    )
    assert one == other


@settings(max_examples=50, deadline=None)
@given(st.floats(1e-3, 1e6), st.lists(st.integers(0, 40), min_size=9, max_size=9))
def test_the_unit_of_the_mapped_areas_does_not_matter(scale, counts):
    matrix = ErrorMatrix.of(WORDS, np.reshape(counts, (3, 3)) + 2 * np.eye(3, dtype=int))
    mapped = dict(zip(WORDS, (3.0, 5.0, 7.0), strict=True))
    kwargs = {"part": {"recovered"}, "whole": {"recovered", "still"}}
    one = ratio(matrix, mapped, **kwargs)
    other = ratio(matrix, {name: scale * area for name, area in mapped.items()}, **kwargs)
    assert (one.value, one.se) == pytest.approx((other.value, other.se))


def test_95_percent_intervals_hold_the_truth_in_about_95_of_100_samples():
    rng = np.random.default_rng(20_141_148)
    truth = np.array([[0.80, 0.15, 0.05], [0.10, 0.80, 0.10], [0.05, 0.05, 0.90]])
    mapped = {"recovered": 30.0, "still": 50.0, "stable": 20.0}
    weight = np.array([0.3, 0.5, 0.2])
    areas = weight @ truth
    real = areas[0] / areas[:2].sum()
    trials, held, area_held = 3000, 0, 0
    for _ in range(trials):
        counts = np.array([rng.multinomial(50, row) for row in truth])
        matrix = ErrorMatrix.of(WORDS, counts)
        found = ratio(matrix, mapped, part={"recovered"}, whole={"recovered", "still"})
        held += found.low <= real <= found.high
        area = estimate(matrix, mapped).areas["recovered"]
        area_held += abs(area.value - 100 * areas[0]) <= area.half_width
    assert 0.93 <= held / trials <= 0.965
    assert 0.93 <= area_held / trials <= 0.965
