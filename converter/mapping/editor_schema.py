"""The mapping language as JSON Schema, draft 2020-12, for editors: completion, hovering words, mistakes while typing.

An editor's YAML types what this program reads as text: ``finess: 010000024`` is a number there, ``optional: yes`` may
be a boolean. So wherever the language takes a text, the schema takes any scalar. It is a help and not the judge: what
it lets through is checked by ``loader``.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from converter.mapping.schema import MappingSpec

__all__ = ["json_schema"]

_SCALAR = ["string", "number", "boolean"]
_YES_NO = ["yes", "no", "true", "false", "on", "off", "y", "n", "1", "0", "Yes", "No", "True", "False", True, False]
#: Blocks that a file with `extends:` may give in part.
_PARTIAL = {"establishment": "EstablishmentSpec", "residents": "ResidentsSpec"}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a whole mapping file."""
    schema = MappingSpec.model_json_schema(by_alias=True, schema_generator=_Generator)
    blocks = schema["$defs"]
    for name, block in [("", schema), *blocks.items()]:
        _describe(name, block)
    items = blocks["AssessmentRule"]["properties"]["items"]["additionalProperties"]
    items["anyOf"] = [{"$ref": "#/$defs/Value"} if choice == _ANY_VALUE else choice for choice in items["anyOf"]]
    whole: dict[str, Any] = {"required": schema.pop("required")}
    whole["properties"] = {key: {"required": blocks[name].pop("required")} for key, name in _PARTIAL.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Mapping of a legacy DUI export, version 1",
        "if": {"not": {"required": ["extends"]}},
        "then": whole,
    }


class _Generator(GenerateJsonSchema):
    """Pydantic's schema, as YAML in an editor would satisfy it."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        return {**super().str_schema(schema), "type": _SCALAR}

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return {**super().int_schema(schema), "type": ["integer", "string"], "pattern": "^[0-9]+$"}

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:
        return {"enum": list(_YES_NO)}

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        words = list(schema["expected"])
        typed = [int(w) for w in words if w.isdigit()] + [False for w in words if w in ("no", "off")]
        return {"enum": [*words, *typed]}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])  # a key without a value is an error

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        return {key: value for key, value in found.items() if key != "default" or isinstance(value, str | int)}

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        return {"anyOf": [self.generate_inner(choice) for choice in schema["choices"].values()]}

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        inner = super().function_before_schema(schema)
        short = _SHORT_FORMS.get(getattr(schema["function"]["function"], "__name__", ""))
        return {"anyOf": [*short(inner), inner]} if short else inner


#: Stands for a reference to Value until pydantic has named its definitions.
_ANY_VALUE = {"$comment": "Value"}

#: Short forms that the language takes before typing, by the name of the function that spells them out.
_SHORT_FORMS: dict[str, Any] = {
    "_as_list": lambda inner: [inner["items"]],
    "several": lambda inner: [inner["items"]],
    "_deviations": lambda inner: [inner["items"], {"enum": ["none"]}],
    "_ins": lambda inner: [{"type": _SCALAR}],
    "_item": lambda inner: [dict(_ANY_VALUE)],
    "_given": lambda inner: [
        {"type": "object", "properties": {"value": {"type": _SCALAR}}, "required": ["value"], "maxProperties": 1}
    ],
}


def _describe(name: str, block: dict[str, Any]) -> None:
    if "description" in block:
        block["description"] = " ".join(re.sub(r"``?", "`", block["description"]).split())
    for key, field in block.get("properties", {}).items():
        field.setdefault("description", _WORDS.get(f"{name}.{key}") or _WORDS.get(key, key.replace("_", " ")))


#: Words shown for keys whose own definition says nothing, by block and key or by key.
_WORDS = {
    "mapping": "version of the mapping language",
    "title": "title, in words",
    ".title": "what this mapping is for; shown in the report",
    "release": "release of the guide to convert to",
    ".establishment": "the sender: what spreadsheets never say",
    ".author": "default author of the documents",
    ".custodian": "who keeps the documents",
    "sources": "tables of files, by a name of your own",
    "tables": "translation of words, by a name of your own",
    "residents": "which column is what of a resident",
    "documents": "rules: which rows make which documents",
    "contacts": "people around the resident",
    "protections": "legal protection",
    "coverage": "health insurance",
    "stays": "stays in the establishment",
    "events": "the resident's agenda",
    "assessments": "evaluations and grids",
    "unplaced": "data that the release has no place for",
    "checks": "severity of wrong check keys",
    "output": "how the delivery is cut",
    "from": "name of a source under `sources:`",
    "resident": "column with the resident's number",
    "site": "column with the site, in an export of several",
    "guard": "identity repeated on the row, which must agree with the residents file",
    "when": "conditions for a row to count; any other row is a counted skip",
    "key": "column with the legacy software's own number",
    "column": "header of a column; `Header#2` for the second of that name, `#7` for the seventh column",
    "template": 'expression over the row: {{ row["Header"] | upper }}',
    "value": "the same for every row",
    "lookup": "a cell of another source, found by a key",
    "source": "name of the other source",
    "equals": "the cell is this word",
    "not_equals": "the cell is another word",
    "in": "the cell is one of these words",
    "not_in": "the cell is none of these words",
    "empty": "yes: the cell is empty; no: it is not",
    "name": "name",
    "given": "given name",
    "given_names": "all given names at birth",
    "birth_name": "name at birth",
    "used_name": "name in use",
    "birth_date": "day of birth; `date:` says how it is written",
    "sex": "male, female, unknown (M, F, UN), usually through a table",
    "ins": "matricule INS; sent as one only where the identity is qualified",
    "nss": "social security number",
    "deceased": "yes/no",
    "type": "type",
    "created": "when the document was made",
    "period": "the act documented, from and to",
    "author": "who made it",
    "authenticator": "who signed it",
    "scan": "path of the scanned file below `scans:`",
    "dossier": "one structured CDA per resident, from the sections below; {} for the usual",
    "organization": "`establishment`, or an organization",
    "software": "the legacy software",
    "person": "a person named by the row",
    "finess": "FINESS, 9 characters with its check key",
    "siret": "SIRET, 14 digits",
    "siren": "SIREN, 9 digits",
    "rpps": "RPPS, 11 digits",
    "adeli": "ADELI number, 9 characters",
    "legal_entity": "the legal entity behind the establishment",
    "legal_authenticator": "who answers for the documents, such as the director",
    "timezone": "time zone of the dates, such as Europe/Paris",
    "practice_setting": "JDV_J04 code, ESSMS",
    "facility_type": "JDV_J02 code",
    "root": "OID of whoever issues these numbers",
    "format": "file format; recognised by its content unless said",
    "encoding": "encoding of a text file: utf-8, cp1252…",
    "delimiter": "separator of a text file",
    "sheet": "name of the sheet",
    "namespaces": "XML: prefix to namespace",
    "on_error": "what a wrong cell does: reject the row, omit it, use the default, stop",
    "required": "an empty cell rejects the row",
    "start": "beginning",
    "end": "end",
    "phone": "telephone",
    "mobile": "mobile telephone",
    "email": "e-mail address",
    "lines": "lines of the address",
    "postal_code": "postal code",
    "city": "city",
    "country": "country",
}
