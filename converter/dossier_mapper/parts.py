"""What the rules of all sections are compiled with: fields, people, structures, places, addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from converter.diagnostics import Diagnostic, Severity
from converter.dossier import Place, Professional
from converter.dossier_mapper import steps
from converter.dossier_mapper.codes import coded
from converter.identifiers import check_finess, check_rpps, check_siren, check_siret
from converter.mapper import fields
from converter.mapper.residents import Collected
from converter.mapping.nodes import OrganizationSpec, ResidentAddressSpec
from converter.mapping.sections import PlaceSpec, ProfessionalSpec, StructureSpec
from converter.mapping.values import Convert, Rule, ValueContext, compile_value
from converter.model import Address, Header, Identifier, Organization

__all__ = [
    "MANY",
    "ONE",
    "PROFESSIONALS",
    "STRUCTURES",
    "TEXT",
    "Compiler",
    "Field",
    "Kind",
    "Reader",
    "column_of",
    "structure_identifier",
    "structure_numbers",
]

#: OIDs under which national identifiers of professionals (idNat_PS) and structures (idNat_Struct) are sent.
PROFESSIONALS = "1.2.250.1.71.4.2.1"
STRUCTURES = "1.2.250.1.71.4.2.2"

#: Reads one datum of a row; what is wrong with it is collected.
Reader = Callable[[Collected], Any]


class Kind(Enum):
    """How a field's values of several rows of one entry come together."""

    ONE = "one"  # they must agree
    TEXT = "text"  # different texts follow each other
    MANY = "many"  # a list


ONE, TEXT, MANY = Kind.ONE, Kind.TEXT, Kind.MANY


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an entry: its last step, and how it grows over rows."""

    to: Convert
    kind: Kind = ONE
    required: bool = False


def column_of(value: Any) -> str | None:
    """The column to name in a remark about a value."""
    if isinstance(value, list):
        return column_of(value[0])
    return value if isinstance(value, str) else getattr(value, "column", None)


class Compiler:
    """Compiles the values of one rule. ``establishment`` is what the mapping says of the sender."""

    def __init__(
        self,
        header: Header,
        context: ValueContext,
        path: str,
        state: str,
        checks: Mapping[str, Severity | None],
        establishment: Organization,
    ) -> None:
        self.header = header
        self.state = state
        self.checks = checks
        self._context = context
        self._path = path
        self._establishment = establishment

    def rule(self, value: Any, name: str, to: Convert, *, required: bool = False) -> Rule:
        return compile_value(value, self.header, self._context, required=required, path=f"{self._path}.{name}", to=to)

    def fields(self, spec: Any, wanted: Mapping[str, Field], prefix: str = "") -> Reader:
        """Reads the fields that the rule gives, as a dict without the empty ones."""
        compiled = [
            (name, field.kind, self.rule(value, prefix + name, field.to, required=field.required), column_of(value))
            for name, field in wanted.items()
            if (value := getattr(spec, name)) is not None
        ]

        def read(got: Collected) -> dict[str, Any]:
            values: dict[str, Any] = {}
            for name, kind, rule, column in compiled:
                datum = got.take(rule)
                if datum is None or datum == "":
                    continue
                if kind is MANY:
                    values[name] = datum if isinstance(datum, tuple) else (datum,)
                elif not isinstance(datum, tuple):
                    values[name] = datum
                elif (one := _joined(datum)) is not None:
                    values[name] = one
                else:
                    got.diagnostics.append(Diagnostic("DOS-30", got.row.location(column), {"field": name}))
            return values

        return read

    def professional(self, spec: ProfessionalSpec | None, prefix: str) -> Reader:
        """A Professional, or None when the row names nobody. RPPS wins over ADELI, a ready-made one over both."""
        if spec is None:
            return _nothing
        level = self.checks["rpps"]
        read = self.fields(
            spec,
            {
                "name": Field(fields.one_line),
                "given": Field(fields.one_line),
                "title": Field(steps.title),
                "rpps": Field(steps.row_identifier(check_rpps, level)),
                "adeli": Field(steps.adeli),
                "identifier": Field(steps.professional_identifier(level)),
                "profession": Field(coded(self.state, "JDV_J01")),
                "function": Field(coded(self.state, "JDV_J47")),
                "role": Field(fields.one_line),
            },
            f"{prefix}.",
        )
        organization = self.structure(spec.organization, f"{prefix}.organization")

        def professional(got: Collected) -> Professional | None:
            values, structure = read(got), organization(got)
            if not values.keys() - {"title"}:
                return None
            number = _professional_number(values)
            return Professional(
                identifier=Identifier(PROFESSIONALS, number) if number else None,
                family=values.get("name"),
                given=values.get("given"),
                prefix=values.get("title"),
                profession=values.get("profession"),
                function=values.get("function"),
                role=values.get("role"),
                organization=structure,
            )

        return professional

    def structure(self, spec: str | OrganizationSpec | None, prefix: str) -> Reader:
        """An Organization, or None. FINESS wins over SIRET, SIRET over SIREN: the nearer to the place, the better."""
        if spec is None:
            return _nothing
        if isinstance(spec, str):
            return lambda got: self._establishment
        read = self.fields(spec, {"name": Field(fields.one_line)} | self._structure_numbers(spec), f"{prefix}.")

        def structure(got: Collected) -> Organization | None:
            values = read(got)
            return Organization(values.get("name"), structure_identifier(values)) if values else None

        return structure

    def _structure_numbers(self, spec: OrganizationSpec) -> dict[str, Field]:
        numbers = structure_numbers(self.checks)
        return numbers if isinstance(spec, StructureSpec) else {n: f for n, f in numbers.items() if n != "siren"}

    def address(self, spec: ResidentAddressSpec | None, prefix: str, use: str | None = None) -> Reader:
        """An Address, or None when every part is empty."""
        if spec is None:
            return _nothing
        lines = [self.rule(line, f"{prefix}.lines", fields.one_line) for line in spec.lines]
        read = self.fields(
            spec, dict.fromkeys(("postal_code", "city", "country"), Field(fields.one_line)), f"{prefix}."
        )

        def address(got: Collected) -> Address | None:
            written = tuple(text for rule in lines for text in _several(got.take(rule)) if text)
            values = read(got)
            if not written and not values:
                return None
            return Address(written, values.get("postal_code"), values.get("city"), values.get("country"), use)

        return address

    def place(self, spec: PlaceSpec | None, prefix: str) -> Reader:
        """A Place, or None when nothing is known of it."""
        if spec is None:
            return _nothing
        read = self.fields(
            spec, {"name": Field(fields.one_line), "phone": Field(fields.phone(None), MANY)}, f"{prefix}."
        )
        address = self.address(spec, prefix)

        def place(got: Collected) -> Place | None:
            values, where = read(got), address(got)
            if not values and where is None:
                return None
            return Place(values.get("name"), where, values.get("phone", ()))

        return place


def structure_numbers(checks: Mapping[str, Severity | None]) -> dict[str, Field]:
    """The national numbers of a structure."""
    return {
        "finess": Field(steps.row_identifier(check_finess, checks["finess"])),
        "siren": Field(steps.row_identifier(check_siren, checks["siret"])),
        "siret": Field(steps.row_identifier(check_siret, checks["siret"])),
    }


def structure_identifier(values: Mapping[str, Any]) -> Identifier | None:
    """idNat_Struct: a digit that says which number it is, and the number."""
    for prefix, name in (("1", "finess"), ("3", "siret"), ("2", "siren")):
        if name in values:
            return Identifier(STRUCTURES, prefix + values[name])
    return None


def _professional_number(values: Mapping[str, Any]) -> str | None:
    if "identifier" in values:
        return str(values["identifier"])
    if "rpps" in values:
        return f"8{values['rpps']}"
    return f"0{values['adeli']}" if "adeli" in values else None


def _joined(datum: tuple[Any, ...]) -> Any:
    """One datum of several pieces: the only one, or the texts one below the other; None when they are no texts."""
    if len(datum) == 1:
        return datum[0]
    return "\n".join(datum) if all(isinstance(piece, str) for piece in datum) else None


def _several(datum: Any) -> Sequence[Any]:
    return datum if isinstance(datum, tuple) else (datum,)


def _nothing(got: Collected) -> None:
    return None
