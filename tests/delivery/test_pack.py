"""A delivery goes into parts and comes out the same; what is no delivery does not come out at all."""

import io
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import pyzipper

from converter.delivery import PART_BYTES, check_manifest, pack, unpack
from converter.diagnostics import ConverterError, ExitCode
from tests.delivery.making import deliver, tree

RECEIVERS = {"manifest.json", "SHA256SUMS", "bundles/aa.json", "bundles/bb.json", "bundles/cc.json"}


def noise(size: int, seed: int) -> bytes:
    """Bytes that do not compress."""
    import random

    return random.Random(seed).randbytes(size)


@pytest.fixture
def folder(tmp_path):
    folder = deliver(tmp_path / "d", aa=noise(5000, 1), bb=noise(5000, 2), cc=noise(5000, 3))
    for name in ("run.json", "rejects.csv", "report.html"):
        (folder / name).write_text("the sender's")
    return folder


def receivers(folder):
    return {name: data for name, data in tree(folder).items() if name in RECEIVERS}


def code(call, *args, **kwargs):
    with pytest.raises(ConverterError) as error:
        call(*args, **kwargs)
    return error.value.diagnostics[0].code


# ------------------------------------------------------------------------------------------------------------- packing


def test_one_part_holds_what_the_receiver_gets_and_nothing_else(folder, tmp_path):
    (part,) = pack(folder, tmp_path / "out/livraison")
    assert part == tmp_path / "out/livraison.zip"
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    with zipfile.ZipFile(part) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == RECEIVERS | {"parts.json"}
        archive.extractall(tmp_path / "plain")
    done = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "plain")
    assert done.returncode == 0
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["livraison.zip"]


def test_the_same_delivery_gives_the_same_archive(folder, tmp_path):
    (one,) = pack(folder, tmp_path / "one/d.zip")
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
    (two,) = pack(folder, tmp_path / "two/d.zip")
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("passphrase", [None, "pommier en fleur, été"])
def test_parts_fit_are_complete_in_themselves_and_come_together_again(folder, tmp_path, passphrase):
    parts = pack(folder, tmp_path / "out/d", part_bytes=9000, passphrase=passphrase)
    assert [p.name for p in parts] == ["d-01-of-03.zip", "d-02-of-03.zip", "d-03-of-03.zip"]
    assert all(p.stat().st_size <= 9000 for p in parts)
    for part in parts:
        with zipfile.ZipFile(part) as archive:
            assert {"manifest.json", "SHA256SUMS", "parts.json"} < set(archive.namelist())
    renamed = [shutil.copy(part, tmp_path / f"{n}.bin") for n, part in enumerate(reversed(parts))]
    check = unpack([Path(p) for p in renamed], tmp_path / "back", passphrase)
    assert check.diagnostics == []
    assert check.folder == tmp_path / "back"
    assert tree(tmp_path / "back") == receivers(folder)
    modes = {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "back").rglob("*")}
    assert modes == {0o600, 0o700}
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("limit", range(8500, 24_000, 777))
def test_no_part_is_ever_larger_than_asked(folder, tmp_path, limit):
    parts = pack(folder, tmp_path / "d", part_bytes=limit, passphrase="secret")
    assert max(p.stat().st_size for p in parts) <= limit


def test_many_parts_are_listed_in_each(tmp_path):
    folder = deliver(tmp_path / "d", **{f"r{n:03d}": noise(40_000, n) for n in range(12)})
    parts = pack(folder, tmp_path / "p", part_bytes=60_000)
    with zipfile.ZipFile(parts[5]) as archive:
        listed = json.loads(archive.read("parts.json"))
    assert [p["file"] for p in listed["parts"]] == [p.name for p in parts]
    assert listed["count"] == 12


def test_an_encrypted_part_is_aes_and_opens_elsewhere(folder, tmp_path):
    (part,) = pack(folder, tmp_path / "d", passphrase="secret")
    assert b"tddui-1.1.0" not in part.read_bytes()
    with pyzipper.AESZipFile(part) as archive:
        assert all(i.wz_aes_strength == 3 for i in archive.infolist())  # 256 bits
        archive.setpassword(b"secret")
        assert archive.read("bundles/aa.json") == noise(5000, 1)


def test_an_empty_delivery_is_a_part_too(tmp_path):
    parts = pack(deliver(tmp_path / "d"), tmp_path / "p", part_bytes=PART_BYTES["mail"])
    assert unpack(parts, tmp_path / "back").is_sound


def test_a_product_larger_than_a_part_is_an_error_with_the_size_it_takes(folder, tmp_path):
    with pytest.raises(ConverterError) as error:
        pack(folder, tmp_path / "out/d", part_bytes=6000)
    (found,) = error.value.diagnostics
    assert found.code == "DLV-50"
    assert 6000 < int(found.params["need"]) < 9000
    assert code(pack, folder, tmp_path / "none/d", part_bytes=10) == "DLV-50"
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda f: (f / "manifest.json").unlink(), "DLV-20"),
        (lambda f: (f / "bundles/bb.json").unlink(), "DLV-24"),
        (lambda f: (f / "bundles/bb.json").write_bytes(noise(5000, 9)), "DLV-26"),
    ],
)
def test_a_delivery_that_is_not_sound_is_not_packed(folder, tmp_path, spoil, expected):
    spoil(folder)
    with pytest.raises(ConverterError) as error:
        pack(folder, tmp_path / "out/d")
    assert [d.code for d in error.value.diagnostics] == [expected]
    assert error.value.exit_code is ExitCode.PRODUCT
    assert not list(tmp_path.glob("out/*"))


def test_a_target_that_cannot_be_written_leaves_nothing(folder, tmp_path):
    (tmp_path / "file").write_text("")
    assert code(pack, folder, tmp_path / "file/d") == "DLV-08"
    (tmp_path / "out/.d.zip.part").mkdir(parents=True)
    assert code(pack, folder, tmp_path / "out/d") in ("DLV-02", "DLV-04")
    assert not (tmp_path / "out/d.zip").exists()


def test_options_that_do_not_go_together_are_refused(folder, tmp_path):
    assert code(pack, folder, tmp_path / "d", passphrase="") == "DLV-55"
    assert code(pack, folder, tmp_path / "d", recipients=["age1x"]) == "DLV-54"
    assert code(pack, folder, tmp_path / "d", method="age", passphrase="x") == "DLV-53"


# ----------------------------------------------------------------------------------------------------------------- age

#: Stands for age: turns each byte around, behind age's first line; fails for a key it does not know.
FAKE_AGE = f"""#!{sys.executable}
import sys
arguments = sys.argv[1:]
if "bad" in arguments:
    sys.exit(1)
if "-d" in arguments:
    target, source = arguments[-2:]
    data = open(source, "rb").read().split(b"\\n", 1)[1]
    open(target, "wb").write(bytes(255 - b for b in data))
else:
    data = sys.stdin.buffer.read()
    sys.stdout.buffer.write(b"age-encryption.org/v1\\n" + bytes(255 - b for b in data))
"""


@pytest.fixture
def age(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/age").write_text(FAKE_AGE)
    (tmp_path / "bin/age").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)


def test_age_encrypts_what_it_is_piped(folder, tmp_path, age):
    parts = pack(folder, tmp_path / "d", part_bytes=18_000, method="age", recipients=["age1abc"])
    assert [p.name for p in parts] == ["d-01-of-02.zip.age", "d-02-of-02.zip.age"]
    assert all(p.read_bytes().startswith(b"age-encryption.org/v1") for p in parts)
    unpack(parts, tmp_path / "back", identity=tmp_path / "key")
    assert tree(tmp_path / "back") == receivers(folder)


def test_age_that_fails_leaves_nothing(folder, tmp_path, age):
    assert code(pack, folder, tmp_path / "out/d", method="age", recipients=["bad"]) == "DLV-52"
    assert list((tmp_path / "out").iterdir()) == []
    parts = pack(folder, tmp_path / "d", method="age", recipients=["age1abc"])
    assert code(unpack, parts, tmp_path / "back", identity=Path("bad")) == "DLV-52"


def test_without_age_its_name_is_told(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert code(pack, folder, tmp_path / "d", method="age", recipients=["age1abc"]) == "DLV-51"


# ----------------------------------------------------------------------------------------------------------- unpacking


@pytest.fixture
def parts(folder, tmp_path):
    return pack(folder, tmp_path / "p/d", part_bytes=9000)


def nothing_left(tmp_path):
    return not (tmp_path / "back").exists() and not list(tmp_path.glob(".*"))


def test_missing_parts_are_named(parts, tmp_path):
    with pytest.raises(ConverterError) as error:
        unpack([parts[1]], tmp_path / "back")
    assert error.value.diagnostics[0].params == {"missing": "1, 3", "count": 3}
    assert code(unpack, [], tmp_path / "back") == "DLV-63"
    assert nothing_left(tmp_path)


def test_parts_of_two_sets_or_given_twice_are_refused(parts, folder, tmp_path):
    assert code(unpack, [*parts, parts[0]], tmp_path / "back") == "DLV-64"
    other = pack(deliver(tmp_path / "e", aa=noise(5000, 4), bb=b"", cc=b""), tmp_path / "q/d", part_bytes=9000)
    assert code(unpack, [parts[0], *other], tmp_path / "back") == "DLV-64"
    assert nothing_left(tmp_path)


@pytest.mark.parametrize(("given", "expected"), [(None, "DLV-65"), ("wrong", "DLV-66")])
def test_the_passphrase_is_needed_and_the_right_one(folder, tmp_path, given, expected):
    parts = pack(folder, tmp_path / "p/d", passphrase="right")
    assert code(unpack, parts, tmp_path / "back", given) == expected
    assert nothing_left(tmp_path)


def test_a_target_that_holds_something_is_left_alone(parts, tmp_path):
    (tmp_path / "back").mkdir()
    (tmp_path / "back/mine").write_text("")
    assert code(unpack, parts, tmp_path / "back") == "DLV-67"
    assert [p.name for p in (tmp_path / "back").iterdir()] == ["mine"]
    (tmp_path / "back/mine").unlink()
    assert unpack(parts, tmp_path / "back").is_sound


@pytest.mark.parametrize("offset", range(40, 5000, 331))
def test_no_damage_goes_unnoticed(parts, tmp_path, offset):
    data = bytearray(parts[1].read_bytes())
    data[offset] ^= 0x10
    parts[1].write_bytes(data)
    assert code(unpack, parts, tmp_path / "back").startswith("DLV-")
    assert nothing_left(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all", None], ids=["empty", "two", "text", "cut"])
def test_what_is_no_archive_is_refused(parts, tmp_path, content):
    parts[1].write_bytes(parts[1].read_bytes()[:-30] if content is None else content)
    assert code(unpack, parts, tmp_path / "back") == "DLV-60"


def test_a_part_that_is_not_there(parts, tmp_path):
    assert code(unpack, [*parts, tmp_path / "none.zip"], tmp_path / "back") == "DLV-37"


def remade(part: Path, change) -> None:
    """Write the archive anew after ``change(members)`` on a list of (ZipInfo, bytes)."""
    with zipfile.ZipFile(part) as archive:
        found = [(info, archive.read(info)) for info in archive.infolist()]
    change(found)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for info, data in found:
            archive.writestr(info, data, compress_type=info.compress_type)
    part.write_bytes(buffer.getvalue())


def member(name: str, mode: int = 0o100600, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr, info.compress_type = mode << 16, method
    return info


@pytest.mark.parametrize(
    "strange",
    [
        member("../evil.json"),
        member("bundles/../../evil.json"),
        member("/etc/evil"),
        member("C:\\evil.json"),
        member("bundles\\evil.json"),
        member("run.json"),
        member("bundles/"),
        member("bundles/zz.json", stat.S_IFLNK | 0o777),
        member("bundles/zz.json", stat.S_IFIFO | 0o600),
        member("bundles/zz.json", method=zipfile.ZIP_LZMA),
        member("bundles/é.json"),
    ],
    ids=lambda info: f"{info.filename}-{info.external_attr:x}-{info.compress_type}",
)
def test_hostile_members_refuse_the_whole_set(parts, tmp_path, strange):
    remade(parts[1], lambda found: found.append((strange, b"/etc/passwd")))
    assert code(unpack, parts, tmp_path / "back") == "DLV-61"
    assert nothing_left(tmp_path)
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_repeated_member_refuses_the_set(parts, tmp_path):
    remade(parts[1], lambda found: found.append(found[-1]))
    assert code(unpack, parts, tmp_path / "back") == "DLV-61"


def test_a_part_without_manifest_is_none(parts, tmp_path):
    remade(parts[1], lambda found: found.pop(0))
    assert code(unpack, parts, tmp_path / "back") == "DLV-61"


def test_a_list_of_parts_that_is_none(parts, tmp_path):
    def spoil(found):
        found[2] = (found[2][0], b'{"schema": "dui-converter/parts/1"}')

    remade(parts[0], spoil)
    assert code(unpack, parts, tmp_path / "back") == "DLV-61"


def test_a_product_more_or_of_another_size_is_refused_before_it_is_written(parts, tmp_path):
    remade(parts[2], lambda found: found.append((member("bundles/zz.json"), b"0" * 50_000_000)))
    assert parts[2].stat().st_size < 100_000
    assert code(unpack, parts, tmp_path / "back") == "DLV-69"
    assert nothing_left(tmp_path)


def test_members_that_share_their_bytes_are_a_bomb(parts, tmp_path):
    remade(parts[1], lambda found: found.append((member("bundles/zz.json"), b"0" * 1000)))
    data = parts[1].read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        first, second = archive.infolist()[-2:]
    # The last member's place in the central directory becomes that of the one before it.
    at = data.rindex(b"PK\x01\x02") + 42
    parts[1].write_bytes(data[:at] + first.header_offset.to_bytes(4, "little") + data[at + 4 :])
    assert second.header_offset != first.header_offset
    assert code(unpack, parts, tmp_path / "back") == "DLV-62"


def test_a_set_that_would_not_fit_is_told_before_it_is_written(parts, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 90, 10))
    assert code(unpack, parts, tmp_path / "back") == "DLV-68"
    assert nothing_left(tmp_path)


def test_the_sums_are_proved_before_the_folder_appears(parts, tmp_path):
    def spoil(found):
        info, _ = found[-1]
        found[-1] = (info, noise(5000, 77))

    remade(parts[1], spoil)
    assert code(unpack, parts, tmp_path / "back") == "DLV-26"
    assert nothing_left(tmp_path)


def test_what_came_out_is_what_verify_accepts(parts, tmp_path):
    unpack(parts, tmp_path / "back")
    assert check_manifest(tmp_path / "back").diagnostics == []
