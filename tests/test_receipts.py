"""`dui receipts`: what the receiver answered, from files that may hold anything."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.making import Ran, dui, export

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three bundles of two documents."""
    folder = tmp_path_factory.mktemp("made")
    ran = dui("convert", export(folder / "in", 3, 2).write(), "-o", folder / "out")
    assert ran.code == 0, ran.err
    return folder / "out"


@pytest.fixture
def delivery(made: Path, tmp_path: Path) -> Path:
    """A copy of one's own."""
    return Path(shutil.copytree(made, tmp_path / "out"))


def names(delivery: Path) -> list[str]:
    return [bundle["file"].removeprefix("bundles/") for bundle in manifest(delivery)["bundles"]]


def manifest(delivery: Path) -> Any:
    return json.loads((delivery / "manifest.json").read_text("utf-8"))


def accepted(*numbers: int | str) -> Answer:
    entries = [
        {"response": {"status": "201 Created", "location": f"DocumentReference/{n}/_history/1"}} for n in numbers
    ]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}


def refused(severity: str = "error", code: str = "invalid", text: str = "") -> Answer:
    issue = {"severity": severity, "code": code, "diagnostics": text, "details": {"text": text}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def save(delivery: Path, *answers: Answer | str | bytes | None, suffix: str = ".response.json") -> Path:
    """One answer per bundle, None for none."""
    folder = delivery.parent / "answers"
    folder.mkdir(exist_ok=True)
    for name, answer in zip(names(delivery), answers, strict=False):
        if answer is None:
            continue
        content = answer if isinstance(answer, str | bytes) else json.dumps(answer)
        data = content.encode() if isinstance(content, str) else content
        (folder / name.replace(".json", suffix)).write_bytes(data)
    return folder


def receipts(delivery: Path, folder: Path, *options: str) -> Ran:
    return dui("receipts", delivery, "--answers", folder, "--json", *options)


def documents(ran: Ran) -> list[tuple[str, str | None]]:
    return [(d["state"], d["id"]) for file in ran.json["files"] for d in file["documents"]]


def test_all_accepted_is_0_and_gives_every_id(delivery: Path) -> None:
    ran = receipts(delivery, save(delivery, accepted(1, 2), accepted(3, 4), accepted(5, 6)))
    assert ran.code == 0, ran.err
    assert documents(ran) == [("accepted", str(n)) for n in range(1, 7)]
    listed = [d["masterIdentifier"] for b in manifest(delivery)["bundles"] for d in b["documents"]]
    assert [d["masterIdentifier"] for f in ran.json["files"] for d in f["documents"]] == listed


def test_refused_and_missing_are_1(delivery: Path) -> None:
    ran = receipts(delivery, save(delivery, accepted(1, 2), refused()))
    assert ran.code == 1
    assert [file["state"] for file in ran.json["files"]] == ["accepted", "refused", "missing"]
    assert ran.json["totals"]["documents"] == {"accepted": 2, "refused": 2, "missing": 2}
    assert "RCP-05" in ran.err
    assert "1 × error/invalid" in ran.err
    assert f"No answer: bundles/{names(delivery)[2]}" in ran.err


@pytest.mark.parametrize(
    "suffix", [".json", ".response.json", "-response.json", "_answer.json", ".2026-05-01.json", ".response.txt"]
)
def test_an_answer_is_named_as_its_bundle(delivery: Path, suffix: str) -> None:
    folder = save(delivery, accepted(1, 2), accepted(3, 4), accepted(5, 6), suffix=suffix)
    assert receipts(delivery, folder).code == 0


def test_answers_may_lie_in_folders_and_other_files_are_counted(delivery: Path) -> None:
    folder = save(delivery, accepted(1, 2), accepted(3, 4), accepted(5, 6))
    (folder / "lundi").mkdir()
    for path in list(folder.glob("*.json")):
        path.rename(folder / "lundi" / path.name)
    (folder / "Mme Zébulon.json").write_text("{}")
    (folder / ".cache").write_text("{}")
    ran = receipts(delivery, folder)
    assert ran.code == 0
    assert ran.json["totals"]["unmatchedAnswers"] == 1
    assert "RCP-06" in ran.err
    assert "bulon" not in ran.err + ran.out


def test_parts_are_not_mistaken_for_each_other(tmp_path: Path) -> None:
    made = export(tmp_path / "in", residents=1, documents=3)
    made.more = "output: {max_entries: 1}\n"
    dui("convert", made.write(), "-o", tmp_path / "out")
    folder = save(tmp_path / "out", accepted(1), None, accepted(3))
    ran = receipts(tmp_path / "out", folder)
    assert documents(ran) == [("accepted", "1"), ("missing", None), ("accepted", "3")]


@pytest.mark.parametrize(
    ("response", "found"),
    [
        ({"status": "201"}, ("accepted", None)),
        ({"status": "200 OK", "location": "https://x.test/DocumentReference/a-1.B"}, ("accepted", "a-1.B")),
        ({"status": "201 Created", "location": "DocumentReference/7"}, ("accepted", "7")),
        ({"status": "201 Created", "location": "DocumentReference/é"}, ("accepted", None)),
        ({"status": "201 Created", "location": f"DocumentReference/{'9' * 65}"}, ("accepted", None)),
        ({"status": "422 Unprocessable", "outcome": refused(code="business-rule")}, ("refused", None)),
        ({"status": "500"}, ("refused", None)),
        ({"status": "304 Not Modified"}, ("missing", None)),
        ({"status": "bien reçu"}, ("missing", None)),
        ({"status": 201}, ("missing", None)),
        ({}, ("missing", None)),
        (None, ("missing", None)),
    ],
)
def test_each_entry_speaks_for_its_document(delivery: Path, response: Any, found: tuple[str, str | None]) -> None:
    answer = accepted("x", 2)
    answer["entry"][0] = {"response": response}
    ran = receipts(delivery, save(delivery, answer))
    assert documents(ran)[:2] == [found, ("accepted", "2")]


def test_an_id_may_come_with_the_resource(delivery: Path) -> None:
    answer = accepted(1, 2)
    for number, entry in enumerate(answer["entry"]):
        entry["resource"] = {"resourceType": "DocumentReference", "id": f"r{number}"}
        del entry["response"]["location"]
    assert documents(receipts(delivery, save(delivery, answer)))[:2] == [("accepted", "r0"), ("accepted", "r1")]


def test_returned_resources_decide_the_order(delivery: Path) -> None:
    listed = [d["masterIdentifier"] for d in manifest(delivery)["bundles"][0]["documents"]]
    answer = accepted(1, 2)
    for entry, identifier in zip(answer["entry"], reversed(listed), strict=True):
        entry["resource"] = {"resourceType": "DocumentReference", "masterIdentifier": {"value": identifier}}
    assert documents(receipts(delivery, save(delivery, answer)))[:2] == [("accepted", "2"), ("accepted", "1")]


def _other_document() -> Answer:
    answer = accepted(1, 2)
    answer["entry"][1]["resource"] = {"resourceType": "DocumentReference", "masterIdentifier": {"value": "urn:oid:1.2"}}
    return answer


#: Answers that cannot be used, and the code they get.
UNUSABLE: list[tuple[Any, str]] = [
    ("", "RCP-01"),
    ("{", "RCP-01"),
    ("<Bundle xmlns='http://hl7.org/fhir'/>", "RCP-01"),
    ("HTTP/1.1 200 OK\r\n\r\n{}", "RCP-01"),
    (b"\xff\xfe{}", "RCP-01"),
    (b'{"resourceType":"Bundle","type":"\xff"}', "RCP-01"),
    ("[" * 200_000, "RCP-01"),
    ('{"a":' * 100_000, "RCP-01"),
    ('{"resourceType":"Bundle","resourceType":"OperationOutcome"}', "RCP-01"),
    ('{"resourceType":"' + "x" * 2_000_000 + '"}', "RCP-01"),
    (
        '{"resourceType":"Bundle","type":"transaction-response","entry":[' + '{"response":{}},' * 120_000 + "{}]}",
        "RCP-01",
    ),
    ('{"n":' + "9" * 100_000 + "}", "RCP-01"),
    ("[]", "RCP-01"),
    ("null", "RCP-01"),
    ("{}", "RCP-02"),
    ({"resourceType": "Patient", "id": "1"}, "RCP-02"),
    ({"resourceType": "DocumentReference", "id": "1"}, "RCP-02"),
    ({"resourceType": "Bundle", "type": "searchset", "entry": []}, "RCP-02"),
    ({"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}, "RCP-02"),
    (accepted(), "RCP-03"),
    (accepted(1), "RCP-03"),
    (accepted(1, 2, 3), "RCP-03"),
    ({"resourceType": "Bundle", "type": "transaction-response", "entry": [1, 2]}, "RCP-03"),
    ({"resourceType": "Bundle", "type": "transaction-response", "entry": {"0": 1}}, "RCP-03"),
    ({"resourceType": "Bundle", "type": "transaction-response"}, "RCP-03"),
    (_other_document(), "RCP-03"),
]


@pytest.mark.parametrize(("answer", "code"), UNUSABLE, ids=[f"{i}-{c}" for i, (_, c) in enumerate(UNUSABLE)])
def test_an_answer_that_cannot_be_used_is_3_and_decides_nothing(delivery: Path, answer: Any, code: str) -> None:
    ran = receipts(delivery, save(delivery, answer, accepted(3, 4)))
    assert ran.code == 3, ran.err
    assert "Bug" not in ran.err
    assert {said["code"] for said in ran.json["said"]} == {code}
    assert documents(ran)[:4] == [("missing", None)] * 2 + [("accepted", "3"), ("accepted", "4")]


def test_an_answer_about_something_else_is_not_used(delivery: Path) -> None:
    answer = accepted(1, 2)
    answer["entry"][0]["response"]["location"] = "Patient/1/_history/1"
    ran = receipts(delivery, save(delivery, answer))
    assert ran.json["said"][0]["code"] == "RCP-03"


def test_what_was_sent_is_no_answer(delivery: Path) -> None:
    folder = delivery.parent / "answers"
    folder.mkdir()
    for name in names(delivery):
        (folder / name).write_bytes((delivery / "bundles" / name).read_bytes())
    ran = receipts(delivery, folder)
    assert ran.code == 3
    assert {said["code"] for said in ran.json["said"]} == {"RCP-02"}


def test_a_second_answer_completes_the_first(delivery: Path) -> None:
    save(delivery, refused(), suffix=".1.json")
    folder = save(delivery, accepted(1, 2), accepted(3, 4), accepted(5, 6), suffix=".2.json")
    ran = receipts(delivery, folder)
    assert ran.code == 0
    assert ran.json["files"][0]["answers"] == 2


def test_a_bundle_sent_twice_is_noticed(delivery: Path) -> None:
    save(delivery, accepted(1, 2), accepted(3, 4), accepted(5, 6), suffix=".1.json")
    ran = receipts(delivery, save(delivery, accepted(7, 8), suffix=".2.json"))
    assert "RCP-04" in ran.err
    assert documents(ran)[:2] == [("accepted", "7"), ("accepted", "8")]


def test_nothing_that_a_server_says_is_repeated(delivery: Path) -> None:
    answer = refused("error", "ZEBULON", "Patient ZEBULON né le 04/05/1931")
    batch = accepted("ok", 2)
    batch["entry"][0]["response"] = {"status": "400 ZEBULON", "outcome": answer, "location": "ZEBULON"}
    for options in ((), ("-v",), ("--lang", "fr")):
        ran = receipts(delivery, save(delivery, answer, batch, refused("ZEBULON", "invalid")), *options)
        assert "ZEBULON" not in ran.err + ran.out
        assert "1931" not in ran.err + ran.out
    assert ran.json["files"][0]["issues"] == [{"severity": "error", "code": "other", "count": 1}]


def test_a_mark_before_the_text_is_no_matter(delivery: Path) -> None:
    answers = [b"\xef\xbb\xbf" + json.dumps(accepted(n, n + 1)).encode() for n in (1, 3, 5)]
    assert receipts(delivery, save(delivery, *answers)).code == 0


@pytest.mark.parametrize("flow", ["1"])
def test_single_documents_and_patches_are_answered_by_themselves(tmp_path: Path, flow: str) -> None:
    dui("convert", export(tmp_path / "in", 1, 3).write(), "-o", tmp_path / "out", "--flow", flow)
    listed = [bundle["documents"][0]["masterIdentifier"] for bundle in manifest(tmp_path / "out")["bundles"]]
    folder = tmp_path / "answers"
    folder.mkdir()
    files = [bundle["file"].removeprefix("documents/") for bundle in manifest(tmp_path / "out")["bundles"]]
    created = {"resourceType": "DocumentReference", "id": "s1", "masterIdentifier": {"value": listed[0]}}
    (folder / files[0]).write_text(json.dumps(created))
    (folder / files[1]).write_text(json.dumps(refused("information", "informational")))
    (folder / files[2]).write_text(json.dumps(created))
    ran = receipts(tmp_path / "out", folder)
    assert documents(ran) == [("accepted", "s1"), ("accepted", None), ("missing", None)]
    assert ran.json["said"][0]["code"] == "RCP-03"


UNREADABLE: list[tuple[Callable[[Path], Any], str]] = [
    (lambda d: (d / "manifest.json").unlink(), "UPD-10"),
    (lambda d: (d / "manifest.json").write_text("{}"), "UPD-11"),
]


@pytest.mark.parametrize(("spoil", "code"), UNREADABLE)
def test_a_delivery_that_cannot_be_read_is_3(delivery: Path, spoil: Callable[[Path], Any], code: str) -> None:
    folder = save(delivery, accepted(1, 2))
    spoil(delivery)
    ran = receipts(delivery, folder)
    assert ran.code == 3
    assert code in ran.err
    assert ran.out == ""


def test_links_are_not_followed(delivery: Path) -> None:
    folder = save(delivery, accepted(1, 2), accepted(3, 4))
    secret = delivery.parent / "elsewhere.json"
    secret.write_text(json.dumps(accepted(5, 6)))
    (folder / names(delivery)[2]).symlink_to(secret)
    assert documents(receipts(delivery, folder))[4:] == [("missing", None)] * 2


def test_a_folder_that_is_not_there_is_2(delivery: Path) -> None:
    assert receipts(delivery, delivery.parent / "nowhere").code == 2


def test_answers_that_cannot_be_listed_are_an_error(delivery: Path) -> None:
    from converter.answers import AnswerFolder
    from converter.diagnostics import SourceError

    with pytest.raises(SourceError, match="UPD-20"):
        AnswerFolder(delivery / "nowhere", [])
