"""A delivery is held against its manifest and sums; every way of spoiling it has its own code."""

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.delivery import check_manifest, manifest_schema, open_delivery
from converter.delivery.reading import BadManifestError, Item, members
from converter.delivery.shape import faults
from tests.delivery.making import HEAD, deliver


@pytest.fixture
def folder(tmp_path):
    return deliver(tmp_path / "d", "aa", "bb")


def codes(folder):
    return [d.code for d in check_manifest(folder).diagnostics]


def rewrite(folder, change, sums=True):
    """Change the manifest as data; keep SHA256SUMS in step unless told otherwise."""
    import hashlib

    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    data = change(data) or data
    path.write_text(json.dumps(data, indent=2))
    if sums:
        lines = (folder / "SHA256SUMS").read_text().splitlines()[:-1]
        lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  manifest.json")
        (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n")


def test_a_sound_delivery_has_nothing_to_say(folder):
    check = check_manifest(folder)
    assert check.diagnostics == []
    assert check.is_sound
    assert (check.release, check.tool, check.bundles, check.documents) == ("tddui-1.1.0", "0.1.0", 2, 2)
    assert [(f.file, f.resident, len(f.identifiers)) for f in check.files()] == [
        ("bundles/aa.json", "aa", 1),
        ("bundles/bb.json", "bb", 1),
    ]


def test_the_manifest_is_valid_by_its_schema(folder):
    jsonschema.Draft202012Validator.check_schema(manifest_schema())
    jsonschema.validate(json.loads((folder / "manifest.json").read_text()), manifest_schema())


def test_a_manifest_that_somebody_formatted_is_still_sound(folder):
    rewrite(folder, lambda m: None)
    assert codes(folder) == []


SPOILT = {
    "DLV-20": lambda f: (f / "manifest.json").unlink(),
    "DLV-21": lambda f: (f / "manifest.json").write_text('{"schema": '),
    "DLV-22": lambda f: rewrite(f, lambda m: m | {"schema": "dui-converter/manifest/2"}),
    "DLV-23": lambda f: rewrite(f, lambda m: m["bundles"][0].pop("size") and None),
    "DLV-24": lambda f: (f / "bundles/aa.json").unlink(),
    "DLV-25": lambda f: (f / "bundles/aa.json").write_text("short"),
    "DLV-26": lambda f: (f / "bundles/aa.json").write_text("b" * 20),
    "DLV-27": lambda f: rewrite(f, lambda m: m["bundles"].append(m["bundles"][0])),
    "DLV-28": lambda f: (f / "bundles/cc.json").write_text("{}"),
    "DLV-29": lambda f: ((f / "bundles/aa.json").rename(f / "aa"), (f / "bundles/aa.json").symlink_to(f / "aa")),
    "DLV-30": lambda f: (f / "SHA256SUMS").unlink(),
    "DLV-31": lambda f: (f / "SHA256SUMS").write_bytes((f / "SHA256SUMS").read_bytes().replace(b"\n", b"\r\n")),
    "DLV-32": lambda f: (f / "SHA256SUMS").write_text("".join((f / "SHA256SUMS").read_text().splitlines(True)[1:])),
    "DLV-33": lambda f: rewrite(f, lambda m: None, sums=False),
    "DLV-34": lambda f: rewrite(f, lambda m: m["totals"].update(documents=3)),
    "DLV-35": lambda f: rewrite(f, lambda m: m["rows"]["sources"]["ged"].update(rejected=0)),
    "DLV-36": lambda f: rewrite(f, lambda m: m["rows"]["total"].update(read=5, rejected=2)),
    "DLV-37": lambda f: ((f / "SHA256SUMS").unlink(), (f / "SHA256SUMS").mkdir()),
    "DLV-38": lambda f: rewrite(f, lambda m: m | {"complete": False}),
    "DLV-40": lambda f: (f / "SHA256SUMS").open("a").write(f"{'0' * 64}  bundles/zz.json\n"),
}


@pytest.mark.parametrize("code", sorted(SPOILT))
def test_each_way_of_spoiling_has_its_code(folder, code):
    SPOILT[code](folder)
    assert code in codes(folder)


def test_leftovers_are_a_warning(folder):
    with open_delivery(folder) as delivery:
        assert delivery.previous("aa")
        delivery.finish(HEAD, ["aa"])
    check = check_manifest(folder)
    assert [(d.code, d.params["count"]) for d in check.diagnostics] == [("DLV-39", 1)]
    assert check.is_sound


def test_names_that_are_not_ours_are_never_repeated(folder):
    (folder / "bundles/Dupont Jeanne.pdf").write_text("")
    (folder / "bundles/Martin").mkdir()
    (folder / "bundles/Martin/bb.json").write_text("")
    found = check_manifest(folder).diagnostics
    assert [d.code for d in found] == ["DLV-28"]
    assert not any(name in d.text(lang) for d in found for lang in ("fr", "en") for name in ("Dupont", "Martin"))


def test_a_folder_behind_a_link_is_not_followed(folder, tmp_path):
    (folder / "bundles").rename(tmp_path / "elsewhere")
    (folder / "bundles").symlink_to(tmp_path / "elsewhere")
    assert "DLV-29" in codes(folder)


def test_without_contents_only_sizes_are_looked_at(folder):
    (folder / "bundles/aa.json").write_text("b" * 20)
    assert check_manifest(folder, contents=False).diagnostics == []


@pytest.mark.parametrize("name", ["../x.json", "bundles/../../x.json", "bundles/x.json\n", "/etc/passwd", "bundles/x"])
def test_a_manifest_leads_nowhere_else(folder, name):
    rewrite(folder, lambda m: m["bundles"][0].update(file=name))
    assert "DLV-23" in codes(folder)


def test_an_empty_delivery_is_sound(tmp_path):
    with open_delivery(tmp_path / "d") as delivery:
        delivery.finish(HEAD, [])
    assert codes(tmp_path / "d") == []


# --------------------------------------------------------------------------------------------- shape and streaming


def _changed(value, path, new):
    if not path:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    if path[0] is None:  # drop a member
        copied.pop(path[1], None) if isinstance(copied, dict) else copied.clear()
    else:
        copied[path[0]] = _changed(copied[path[0]], path[1:], new)
    return copied


def _paths(value, at=()):
    yield at
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _paths(item, (*at, key))
        yield (*at, None, key)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("m") / "d"
    return json.loads((deliver(folder, "aa") / "manifest.json").read_text())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text(max_size=3) | st.just("0" * 64),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.data())
def test_our_own_judgement_is_that_of_a_validator(manifest, data):
    changed = _changed(manifest, data.draw(st.sampled_from(sorted(_paths(manifest), key=str))), data.draw(JSON))
    validator = jsonschema.Draft202012Validator(manifest_schema())
    assert bool([*faults(changed, manifest_schema())]) is not validator.is_valid(changed)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=3), st.lists(JSON, max_size=5), st.sampled_from([None, 1]))
def test_streaming_reads_what_json_reads(tmp_path_factory, others, items, indent):
    path = tmp_path_factory.mktemp("s") / "m.json"
    whole = others | {"bundles": items}
    path.write_text(json.dumps(whole, indent=indent))
    found, streamed = {}, []
    for name, value in members(path, "bundles"):
        if isinstance(value, Item):
            streamed.append(value.value)
        else:
            found[name] = value
    assert found == whole | {"bundles": []}
    assert streamed == items


def test_values_are_whole_whatever_the_blocks(tmp_path, monkeypatch):
    import converter.delivery.reading as reading

    path = tmp_path / "m.json"
    whole = {"a": 12345.25, "bundles": [{"é": "x" * 50}, -17, "\u2028"], "z": True}
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1), encoding="utf-8")
    for size in range(1, 40):
        monkeypatch.setattr(reading, "_BLOCK", size)
        found = [*members(path, "bundles")]
        assert [v.value for _, v in found if isinstance(v, Item)] == whole["bundles"]
        assert dict(found[:1] + found[-1:]) == {"a": 12345.25, "z": True}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"a": 1',
        '{"a": 1,}',
        '{"bundles": [1,]}',
        '{"bundles": [1 2]}',
        '{"a": 1} x',
        '{"a": 1, "a": 2}',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": NaN}',
        '{"a": ' + "9" * 5000 + "}",
        '{"a": ' + "[" * 100_000,
        "{1: 2}",
        '{"a" 1}',
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, text):
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(BadManifestError):
        [*members(tmp_path / "m.json", "bundles")]


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "m.json").write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(BadManifestError, match="UTF-8"):
        [*members(tmp_path / "m.json", "bundles")]
