"""A document checked where it is delivered: inside the attachment of a DocumentReference."""

from __future__ import annotations

import base64
import io
import json

from converter.cda import CdaChecker
from converter.diagnostics import ProductLocation
from converter.fhir import check
from converter.fhir.releases import RELEASES
from tests.cda.check.documents import SCAN


def test_a_finding_names_the_file_the_attachment_and_the_place_inside() -> None:
    data = base64.b64encode(SCAN.replace("fr-FR", "de-DE").encode()).decode()
    resource = {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {"contentType": "text/xml", "data": data}}],
    }
    stream = io.BytesIO(json.dumps(resource).encode())
    found = check.check_file(stream, RELEASES["tddui-1.1.0"], "bundles/a.json", cda_check=CdaChecker)
    place = "DocumentReference.content[0].attachment.data > ClinicalDocument/languageCode"
    assert [d.location for d in found.diagnostics if d.code == "CDAX-43"] == [ProductLocation("bundles/a.json", place)]
