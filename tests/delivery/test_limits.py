"""Documents are dealt out in order, within the limits of a receiver that is named or of none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.delivery import limits_of, presets, split
from converter.diagnostics import MappingError


@given(
    st.lists(st.integers(0, 50), max_size=30),
    st.integers(0, 20),
    st.none() | st.integers(1, 100),
    st.none() | st.integers(1, 10),
)
def test_every_document_once_in_order_within_the_limits(sizes, overhead, max_bytes, max_entries):
    groups = split(sizes, overhead, max_bytes, max_entries)
    assert [i for group in groups for i in group] == list(range(len(sizes)))
    for group in groups:
        assert group
        assert max_entries is None or len(group) <= max_entries
        assert max_bytes is None or len(group) == 1 or overhead + sum(sizes[i] for i in group) <= max_bytes


@pytest.mark.parametrize(
    ("sizes", "max_bytes", "max_entries", "groups"),
    [
        ([], 10, 1, []),
        ([4, 4, 4], 10, None, [[0, 1], [2]]),
        ([4, 4, 4], 9, None, [[0], [1], [2]]),
        ([4, 4, 4], None, 2, [[0, 1], [2]]),
        ([99, 1], 10, None, [[0], [1]]),
        ([4, 4, 4], None, None, [[0, 1, 2]]),
    ],
)
def test_bundles_are_filled_one_after_the_other(sizes, max_bytes, max_entries, groups):
    assert split(sizes, 2, max_bytes, max_entries) == groups


def test_every_preset_says_where_its_figures_come_from():
    assert {"default", "unlimited", "hapi", "firely"} <= set(presets())
    assert all(p.source and p.title for p in presets().values())


def test_figures_given_outright_win_over_the_preset():
    assert limits_of("firely") == (5_242_880, 150)
    assert limits_of("firely", max_entries=10) == (5_242_880, 10)
    assert limits_of("unlimited") == (None, None)
    assert limits_of() == limits_of("default") != (None, None)


@pytest.mark.parametrize(
    ("arguments", "code"), [(("firly",), "DLV-11"), ((None, 0), "DLV-12"), ((None, 1, -1), "DLV-12")]
)
def test_what_is_no_limit_is_refused(arguments, code):
    with pytest.raises(MappingError) as error:
        limits_of(*arguments)
    assert [d.code for d in error.value.diagnostics] == [code]
    if code == "DLV-11":
        assert error.value.diagnostics[0].params["guess"] == "firely"
