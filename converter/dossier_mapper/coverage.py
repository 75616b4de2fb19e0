"""Coverage: who pays for the resident, in the act of FR-Prise-en-charge (mandatory) and its complement.

An act needs a scheme (value set 125), a payer with an identifier and a name, and the beneficiary's link (126).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from converter.dossier import Coverage, Insured
from converter.dossier_mapper import steps
from converter.dossier_mapper.codes import code_list, coded
from converter.dossier_mapper.entries import CompiledRule, Context, Entry, Refusal, Section
from converter.dossier_mapper.parts import (
    MANY,
    TEXT,
    Compiler,
    Field,
    Reader,
    structure_identifier,
    structure_numbers,
)
from converter.identifiers import check_nir
from converter.mapper import fields
from converter.mapper.residents import Collected
from converter.mapping.sections import CoverageRule, PayerSpec
from converter.model import Identifier, Organization, Period

__all__ = ["COVERAGE"]

#: Social security number, NIR (CDA header, recordTarget).
_NSS = "1.2.250.1.213.1.4.13"


def _fields(compiler: Compiler) -> Mapping[str, Field]:
    return {
        "scheme": Field(coded(compiler.state, "125")),
        "link": Field(coded(compiler.state, "126")),
        "start": Field(fields.moment),
        "end": Field(fields.moment),
        "contract": Field(fields.one_line),
        "comment": Field(fields.text_of, TEXT),
    }


def _compile(compiler: Compiler, spec: CoverageRule) -> CompiledRule:
    read = compiler.fields(spec, _fields(compiler))
    payer = _payer(compiler, spec.payer) if spec.payer else None
    level = compiler.checks["nss"]
    insured = {"name": Field(fields.one_line), "nss": Field(steps.row_identifier(check_nir, level))}
    holder = compiler.fields(spec.insured, insured, "insured.") if spec.insured else None

    def values(got: Collected) -> dict[str, Any]:
        found: dict[str, Any] = read(got)
        if payer is not None:
            found |= payer(got)
        if holder is not None and (who := holder(got)):
            number = Identifier(_NSS, who["nss"]) if "nss" in who else None
            found["insured"] = Insured(who.get("name"), number)
        if "kind" in spec.model_fields_set:  # a rule that only completes entries need not repeat it
            found["complementary"] = spec.kind == "complementary"
        return found

    key = compiler.rule(spec.key, "key", fields.one_line, required=True)
    return CompiledRule(key, spec.group, values)


def _payer(compiler: Compiler, spec: PayerSpec) -> Reader:
    wanted = {
        "name": Field(fields.one_line),
        "number": Field(fields.one_line),
        "phone": Field(fields.phone("WP"), MANY),
        **structure_numbers(compiler.checks),
    }
    read = compiler.fields(spec, wanted, "payer.")
    address = compiler.address(spec, "payer", "WP")

    def payer(got: Collected) -> dict[str, Any]:
        values = read(got)
        identifier, number = structure_identifier(values), values.get("number")
        name = values.get("name")
        if identifier is None and number is not None:
            if spec.root is not None:
                identifier = Identifier(spec.root, number)
            else:  # said to the reader; not to programs, for nobody knows who gave the number
                name = f"{name} (n° {number})" if name else f"n° {number}"
        found = {
            "payer": Organization(name, identifier) if name or identifier else None,
            "payer_address": address(got),
            "payer_telecoms": values.get("phone"),
        }
        return {name: value for name, value in found.items() if value is not None}

    return payer


def _build(entry: Entry, context: Context) -> tuple[Coverage, list[Refusal]]:
    values = entry.values
    payer, insured = values.get("payer", Organization()), values.get("insured")
    link = values.get("link")
    if link is None and insured is None:
        # Whoever is not insured through somebody is insured themselves (guide: SELF).
        link = code_list(("126",), context.state.name).codes["SELF"]
    refusals = []
    if "scheme" not in values:
        refusals.append(Refusal("DOS-55"))
    if payer.identifier is None:
        refusals.append(Refusal("DOS-56"))
    if payer.name is None:
        refusals.append(Refusal("DOS-61"))
    if link is None:
        refusals.append(Refusal("DOS-57"))
    coverage = Coverage(
        key=entry.key,
        complementary=values.get("complementary", False),
        scheme=values.get("scheme"),
        payer=payer,
        payer_address=values.get("payer_address"),
        payer_telecoms=values.get("payer_telecoms", ()),
        link=link,
        insured=insured,
        period=Period(values.get("start"), values.get("end")),
        contract=values.get("contract"),
        comment=values.get("comment"),
        coded=not refusals,
    )
    return coverage, refusals


COVERAGE = Section(
    title="Couvertures sociales",
    kinds=MappingProxyType({"comment": TEXT, "payer_telecoms": MANY}),
    spans=(("start", "end"),),
    compile=_compile,
    build=_build,
)
