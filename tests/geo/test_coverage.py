from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, affinity, box
from shapely.ops import split

from geo.areas import UNITS_PER_M2, geodesic_area_units
from geo.coverage import FULL_CELL, BlockCoverage, Coverage, OffTheMap, cover
from geo.grid import BLOCK, Grid
from geo.ground import ground_area_m2
from geo.tally import Cells

# Ten cells a degree, and wide enough to have four blocks.
GRID = Grid("EPSG:4326", 100, 40, 0.1, 0.1, 600, 700)
FINE = Grid("EPSG:4326", 117, 34, 0.001, 0.001, 600, 600)


def multi(geometry: Polygon | MultiPolygon) -> MultiPolygon:
    return geometry if isinstance(geometry, MultiPolygon) else MultiPolygon([geometry])


def covered(*geometries: Polygon | MultiPolygon, grid: Grid = GRID) -> Coverage:
    return cover(grid, np.arange(1, len(geometries) + 1), [multi(geometry) for geometry in geometries])


def dense(coverage: Coverage) -> npt.NDArray[np.int64]:
    """Weights as (sites, rows, columns)."""
    grid = coverage.grid
    out = np.zeros((len(coverage.sites), grid.height, grid.width), dtype=np.int64)
    for block in coverage.blocks:
        cells_of = Cells.of(block)
        for g, site in enumerate(block.site):
            cells = slice(cells_of.groups[g], cells_of.groups[g + 1])
            row, col = np.divmod(cells_of.at[cells], BLOCK)
            at = (site, block.row * BLOCK + row, block.col * BLOCK + col)
            np.add.at(out, at, cells_of.weight[cells])
    return out


def in_cells(geometry: Polygon | MultiPolygon, grid: Grid = GRID) -> Polygon | MultiPolygon:
    """The geometry with one cell as the unit, from the grid's upper left corner, y down."""
    return affinity.affine_transform(
        geometry, [1 / grid.dx, 0, 0, -1 / grid.dy, -grid.x0 / grid.dx, grid.y0 / grid.dy]
    )


@st.composite
def stars(draw: st.DrawFn, *, centre: tuple[float, float] = (130, 5), reach: float = 4.0) -> Polygon:
    """A star-shaped polygon of 3 to 24 vertices about a point near `centre`."""
    n = draw(st.integers(3, 24))
    radii = draw(st.lists(st.floats(reach / 400, reach), min_size=n, max_size=n))
    turn = draw(st.floats(0, 6.28))
    x, y = (c + draw(st.floats(-1, 1)) * min(reach, 1.0) / 4 for c in centre)
    angle = turn + 2 * np.pi * np.arange(n) / n
    return Polygon(np.column_stack([x + radii * np.cos(angle), y + radii * np.sin(angle)]))


def test_rectangle_on_cell_boundaries_covers_whole_cells() -> None:
    weights = dense(covered(box(100.2, 39.5, 100.5, 39.9)))[0]
    expected = np.zeros_like(weights)
    expected[1:5, 2:5] = FULL_CELL
    assert np.abs(weights - expected).max() <= 1  # 100.2 is no binary number


def test_cells_inside_are_full_to_the_unit() -> None:
    weights = dense(covered(Point(130, 5).buffer(3)))[0]
    inside = [
        in_cells(Point(130, 5).buffer(3)).contains(box(c, r, c + 1, r + 1)) for r, c in np.argwhere(weights)
    ]
    values = weights[weights > 0]
    assert sum(inside) > 2000
    assert (values[inside] == FULL_CELL).all()
    assert (values[~np.array(inside)] < FULL_CELL).all()


def test_triangle_covers_half_of_the_diagonal_cells() -> None:
    grid = Grid("EPSG:4326", 0, 4, 1, 1, 4, 4)
    weights = dense(covered(Polygon([(0, 0), (4, 0), (0, 4)]), grid=grid))[0] / FULL_CELL
    assert np.array_equal(weights, np.tril(np.ones((4, 4))) - 0.5 * np.eye(4))


def test_polygon_within_one_cell_has_its_share_of_it() -> None:
    grid = Grid("EPSG:4326", 0, 4, 1, 1, 4, 4)
    weights = dense(covered(box(1.25, 1.25, 1.5, 1.75), grid=grid))[0]
    assert weights[2, 1] == FULL_CELL // 8
    assert weights.sum() == FULL_CELL // 8


def test_polygon_far_smaller_than_a_cell_keeps_its_share() -> None:
    side = 1e-4
    weights = dense(covered(box(120.05, 20.05, 120.05 + side, 20.05 + side)))[0]
    assert weights.sum() == pytest.approx(side**2 / 0.01 * FULL_CELL, rel=1e-3)


def test_site_outside_the_grid_has_no_cells() -> None:
    coverage = covered(box(10, 10, 11, 11), box(130, 5, 131, 6), box(130, 41, 131, 42))
    assert dense(coverage).sum(axis=(1, 2)).tolist()[::2] == [0, 0]


def test_no_sites_give_no_blocks() -> None:
    assert cover(GRID, np.empty(0, dtype=np.int64), []).blocks == ()


def test_empty_geometry_has_no_cells() -> None:
    coverage = cover(GRID, np.array([1, 2]), [MultiPolygon(), multi(box(130, 5, 130.1, 5.1))])
    assert {int(site) for block in coverage.blocks for site in block.site} == {1}


def test_ids_and_geometries_must_pair() -> None:
    with pytest.raises(ValueError, match="2 site ids for 1"):
        cover(GRID, np.array([1, 2]), [multi(box(0, 0, 1, 1))])


def test_overlapping_parts_count_a_cell_once() -> None:
    both = MultiPolygon([box(130, 5, 132, 7), box(131, 6, 133, 8)])
    assert dense(covered(both)).max() == FULL_CELL


def test_ring_directions_do_not_matter() -> None:
    shape = box(130, 5, 133, 8).difference(box(131, 6, 132, 7))
    turned = Polygon(shape.exterior.coords[::-1], [hole.coords[::-1] for hole in shape.interiors])
    assert np.array_equal(dense(covered(shape)), dense(covered(turned)))


def test_grid_that_counts_longitude_to_360_finds_western_sites() -> None:
    grid = Grid("EPSG:4326", 0, 90, 1, 1, 360, 180)
    weights = dense(covered(box(-120, 10, -118, 11), grid=grid))[0]
    assert weights[79, 240:242].tolist() == [FULL_CELL, FULL_CELL]


def test_coverage_counts_its_cells() -> None:
    grid = Grid("EPSG:4326", 0, 4, 1, 1, 4, 4)
    assert covered(box(0.5, 0.5, 2.5, 1.5), grid=grid).n_cells == 6


def test_points_are_refused() -> None:
    with pytest.raises(ValueError, match="polygons are needed"):
        cover(GRID, np.array([1]), [Point(0, 0)])  # type: ignore[list-item]  # what is refused


@given(stars())
@settings(deadline=None, max_examples=60)
def test_shares_add_up_to_the_polygon(polygon: Polygon) -> None:
    total = dense(covered(polygon)).sum() / FULL_CELL
    assert total == pytest.approx(in_cells(polygon).area, rel=1e-6, abs=1e-6)


@given(stars(reach=0.4))
@settings(deadline=None, max_examples=40)
def test_each_cell_has_the_share_that_the_polygon_covers(polygon: Polygon) -> None:
    weights = dense(covered(polygon))[0]
    shape = in_cells(polygon)
    left, top, right, bottom = (int(bound) for bound in shape.bounds)
    for row in range(top - 1, bottom + 2):
        for col in range(left - 1, right + 2):
            exact = shape.intersection(box(col, row, col + 1, row + 1)).area
            assert weights[row, col] / FULL_CELL == pytest.approx(exact, abs=1e-8)


@given(stars(centre=(100, 40)))
@settings(deadline=None, max_examples=40)
def test_polygon_past_the_edge_is_cut_exactly(polygon: Polygon) -> None:
    weights = dense(covered(polygon))[0] / FULL_CELL
    inside = in_cells(polygon).intersection(box(0, 0, GRID.width, GRID.height))
    assert weights.sum() == pytest.approx(inside.area, rel=1e-6, abs=1e-6)
    assert weights[60:].sum() == 0
    assert weights[:, 60:].sum() == 0


@given(stars(centre=(151.2, -11.2)))
@settings(deadline=None, max_examples=30)
def test_a_cell_does_not_know_its_grid(polygon: Polygon) -> None:
    """The same polygon on a grid cut out of the first one has the same weights in the cells they share."""
    cut = Grid(GRID.crs, 150, -10, 0.1, 0.1, 40, 30)
    whole = dense(covered(polygon))[0][500:530, 500:540]
    assert np.abs(whole - dense(covered(polygon, grid=cut))[0]).max() <= 32  # last digits of the corner


@given(stars(), stars(centre=(140, 5)))
@settings(deadline=None, max_examples=30)
def test_disjoint_parts_add_up_to_their_union_to_the_unit(a: Polygon, b: Polygon) -> None:
    apart = dense(covered(a, b))
    together = dense(covered(MultiPolygon([a, b])))
    assert np.array_equal(np.minimum(apart.sum(axis=0), FULL_CELL), together[0])


@given(st.floats(0.01, 0.99), st.floats(0, 3))
@settings(deadline=None, max_examples=30)
def test_two_sides_of_a_shared_edge_add_up_to_the_whole_to_the_unit(share: float, slant: float) -> None:
    x0, x1, y0, y1 = 128.03, 133.07, 3.01, 6.09
    foot, head = x0 + share * (x1 - x0), min(x0 + share * (x1 - x0) + slant, x1)
    left = Polygon([(x0, y0), (foot, y0), (head, y1), (x0, y1)])
    right = Polygon([(foot, y0), (x1, y0), (x1, y1), (head, y1)])
    apart = dense(covered(left, right)).sum(axis=0)
    assert np.array_equal(apart, dense(covered(box(x0, y0, x1, y1)))[0])


@given(stars(reach=4), st.floats(0.2, 0.9))
@settings(deadline=None, max_examples=30)
def test_hole_and_its_filling_add_up_to_the_polygon_to_the_unit(outer: Polygon, size: float) -> None:
    hole = affinity.scale(outer, size, size, origin=outer.centroid)
    if not outer.contains(hole):
        return
    ring = Polygon(outer.exterior.coords, [hole.exterior.coords])
    weights = dense(covered(ring, hole, outer))
    assert np.array_equal(weights[0] + weights[1], weights[2])


@given(st.permutations(range(5)))
@settings(deadline=None, max_examples=10)
def test_order_of_sites_does_not_matter(order: list[int]) -> None:
    shapes = [Point(128 + 0.7 * i, 5).buffer(0.5 + 0.3 * i) for i in range(5)]
    straight = dense(covered(*shapes))
    assert np.array_equal(dense(covered(*(shapes[i] for i in order))), straight[list(order)])


@given(stars(centre=(117.3, 33.7), reach=0.005))
@settings(deadline=None, max_examples=40)
def test_ground_areas_add_up_to_the_geodesic_area(polygon: Polygon) -> None:
    coverage = covered(polygon, grid=FINE)
    total = sum(int(Cells.of(block).units.sum(dtype=np.int64)) for block in coverage.blocks)
    # Edges are straight on the grid and not geodesics: millimetres apart over half a kilometre.
    assert total == pytest.approx(geodesic_area_units(polygon), rel=1e-5, abs=5 * UNITS_PER_M2)


def test_cell_area_is_rounded_once_from_its_weight() -> None:
    coverage = covered(Point(117.25, 33.75).buffer(0.01), grid=FINE)
    (block,) = coverage.blocks
    area = ground_area_m2(FINE, 0, 0)
    cells = Cells.of(block)
    assert 0 < len(block.edge_at) < len(cells.at)
    for at, weight, units in zip(cells.at.tolist(), cells.weight.tolist(), cells.units.tolist(), strict=True):
        assert units == round(weight / FULL_CELL * area[divmod(at, BLOCK)] * UNITS_PER_M2)


def test_units_of_large_cells_do_not_overflow() -> None:
    (block,) = covered(box(120, 20, 121, 21)).blocks
    units = Cells.of(block).units
    assert units.dtype == np.int64
    assert int(units.sum()) == pytest.approx(geodesic_area_units(box(120, 20, 121, 21)), rel=1e-4)


def test_polygon_cut_by_a_line_keeps_its_sum_across_blocks() -> None:
    disc = Point(151.2, -11.2).buffer(5)
    assert len(covered(disc).blocks) == 4
    halves = list(split(disc, box(0, -90, 151.2, 90).boundary).geoms)
    apart = dense(covered(*halves)).sum(axis=0)
    assert np.abs(apart - dense(covered(disc))[0]).max() <= 4  # the cut adds vertices to the circle


def test_heights_of_vertices_are_ignored() -> None:
    flat, high = box(130, 5, 131, 6), Polygon([(*xy, 80.0) for xy in box(130, 5, 131, 6).exterior.coords])
    assert np.array_equal(dense(covered(high)), dense(covered(flat)))


ALBERS = Grid("ESRI:102025", 0, 6_000_000, 30_000, 30_000, 100, 100)  # Asia North Albers, centred on 95 E
HALF_WORLD = Grid("+proj=ortho +lat_0=0 +lon_0=100", -1_000_000, 1_000_000, 10_000, 10_000, 200, 200)
MERCATOR = Grid("EPSG:3857", 19_000_000, 6_000_000, 10_000, 10_000, 100, 100)
UTM_60 = Grid("EPSG:32660", 700_000, 1_200_000, 1_000, 1_000, 200, 200)


def test_polygon_with_some_vertices_off_the_map_is_refused_by_its_site() -> None:
    shapes = [multi(box(100, 1, 101, 2)), multi(box(5, 1, 15, 2))]
    with pytest.raises(OffTheMap, match=r"site 41: .*: some of its vertices have no place there"):
        cover(HALF_WORLD, np.array([40, 41]), shapes)


def test_polygon_wholly_off_the_map_has_no_cells() -> None:
    weights = dense(covered(box(-80, 1, -79, 2), box(100, 1, 101, 2), grid=HALF_WORLD))
    assert weights[0].sum() == 0
    assert weights[1].sum() > 0


def test_vertex_at_infinity_is_refused() -> None:
    shape = Polygon([(130, 5), (131, 5), (131, np.inf), (130, 6)])
    with pytest.raises(OffTheMap, match="site 1"):
        covered(shape)


@pytest.mark.parametrize("grid", [Grid("EPSG:4326", -180, 90, 1, 1, 360, 180), MERCATOR])
def test_polygon_written_across_the_antimeridian_is_refused(grid: Grid) -> None:
    across = Polygon([(179, 10), (-179, 10), (-179, 11), (179, 11)])
    with pytest.raises(OffTheMap, match="crosses the seam of longitudes"):
        covered(across, grid=grid)


def test_polygon_past_180_is_refused_where_the_grid_comes_round() -> None:
    world = Grid("EPSG:4326", -180, 90, 1, 1, 360, 180)
    with pytest.raises(OffTheMap, match="crosses the seam"):
        covered(box(179, 10, 181, 11), grid=world)
    east = Grid("EPSG:4326", 170, 90, 0.1, 0.1, 150, 800)
    assert dense(covered(box(179, 10, 181, 11), grid=east)).sum() / FULL_CELL == pytest.approx(200, abs=1e-5)


def test_parts_on_both_sides_of_the_antimeridian_are_counted() -> None:
    both = MultiPolygon([box(179, 10, 180, 11), box(-180, 10, -179, 11)])
    for west in (-180, 0):
        world = Grid("EPSG:4326", west, 90, 1, 1, 360, 180)
        assert dense(covered(both, grid=world)).sum() == 2 * FULL_CELL


def test_grid_without_a_seam_there_takes_the_antimeridian() -> None:
    across = Polygon([(179.5, 10), (-179.9, 10), (-179.9, 10.2), (179.5, 10.2)])
    plain = Polygon([(179.5, 10), (180.1, 10), (180.1, 10.2), (179.5, 10.2)])
    assert np.abs(dense(covered(across, grid=UTM_60)) - dense(covered(plain, grid=UTM_60))).max() <= 64
    assert dense(covered(plain, grid=UTM_60)).sum() > 1000 * FULL_CELL


def test_large_polygon_is_no_torn_one() -> None:
    assert dense(covered(box(90, 20, 130, 60), grid=ALBERS)).sum() > 0


def test_more_sites_than_are_taken_at_once_keep_their_order() -> None:
    shapes = [box(100.1 + 0.01 * i, 39.4, 100.105 + 0.01 * i, 39.5) for i in range(2_500)]
    weights = np.zeros(len(shapes))
    grid = Grid("EPSG:4326", 100, 40, 0.1, 0.1, 300, 60)
    coverage = covered(*shapes, grid=grid)
    for block in coverage.blocks:
        np.add.at(weights, block.site, [Cells.of(block).weight[a:b].sum() for a, b in groups_of(block)])
    assert weights / FULL_CELL == pytest.approx(0.05, abs=1e-6)


def groups_of(block: BlockCoverage) -> list[tuple[int, int]]:
    groups = Cells.of(block).groups
    return list(zip(groups[:-1].tolist(), groups[1:].tolist(), strict=True))
