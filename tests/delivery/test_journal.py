"""The journal survives anything: a torn or damaged line costs its own resident, nothing else."""

from dataclasses import replace

import pytest

from converter.delivery import open_delivery
from converter.delivery.journal import Journal, _line
from tests.delivery.making import HEAD, complete, deliver

JOURNAL = "journal.jsonl"


def test_a_last_line_torn_at_any_byte_is_as_never_written(tmp_path):
    folder = deliver(tmp_path / "d", "aa", "bb")
    whole = (folder / JOURNAL).read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(start, len(whole)):
        (folder / JOURNAL).write_bytes(whole[:cut])
        journal = Journal(folder / JOURNAL, tmp_path)
        noted = journal.read("aa")
        assert noted is not None
        assert journal.read("bb") is None
        journal.add(replace(noted, entry=replace(noted.entry, resident="cc")))
        assert journal.read("cc") is not None
        journal.close()
        assert (folder / JOURNAL).read_bytes().count(b"\n") == 3


@pytest.mark.parametrize("offset", range(0, 400, 7))
def test_a_damaged_byte_costs_one_resident_at_most(tmp_path, offset):
    folder = deliver(tmp_path / "d", "aa", "bb")
    data = bytearray((folder / JOURNAL).read_bytes())
    line = data.index(b"\n") + 1
    data[line + offset] ^= 1
    (folder / JOURNAL).write_bytes(data)
    with open_delivery(folder) as delivery:
        assert delivery.previous("aa") is None
        assert delivery.previous("bb") is not None


def test_a_journal_without_its_first_line_is_begun_anew_beside_our_manifest(tmp_path):
    folder = deliver(tmp_path / "d", "aa")
    (folder / JOURNAL).write_bytes(b"\0" * 100)
    with open_delivery(folder) as delivery:
        assert delivery.previous("aa") is None
        complete(delivery, "aa")
    with open_delivery(folder) as delivery:
        assert delivery.previous("aa") is not None


def test_later_lines_win_and_superseded_ones_go_at_the_end(tmp_path):
    with open_delivery(tmp_path / "d") as delivery:
        for n in range(5):
            complete(delivery, "aa", b"version %d" % n, fingerprint=f"fp{n}")
        complete(delivery, "bb")
        delivery.finish(HEAD, ["aa", "bb"])
        entry = delivery.previous("aa")
        assert entry is not None
        assert entry.fingerprint == "fp4"
    assert (tmp_path / "d" / JOURNAL).read_bytes().count(b"\n") == 3
    with open_delivery(tmp_path / "d") as delivery:
        assert delivery.previous("aa") == entry
        assert delivery.previous("bb") is not None


def test_a_line_of_another_shape_is_done_again(tmp_path):
    folder = deliver(tmp_path / "d", "aa")
    with (folder / JOURNAL).open("ab") as stream:
        stream.write(_line({"resident": "aa", "of": "a later version"}))
    with open_delivery(folder) as delivery:
        assert delivery.previous("aa") is None
