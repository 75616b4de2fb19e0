"""What every part of the mapping language is made of: scalars, values, conditions, persons, organizations.

A *value* says where a datum comes from:

=====================================  ===================================================================
``Nom de naissance``                   the column with that header
``{column: …, date: …, table: …}``     a column with options
``{value: …}``                         a constant
``{template: "{{ … }}"}``              a Jinja2 expression over the row (``row["Header"]``), in a sandbox
``{lookup: {source, key, column}}``    a cell of another source, found by a key of this row
``[a, b, …]``                          the first that is not empty
=====================================  ===================================================================
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)
from typing_extensions import TypeAliasType

OnError = Literal["reject", "omit", "default", "stop"]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def shape_of(value: Any) -> str:
    """Discriminates text, list and block where a key takes more than one of them."""
    return "text" if isinstance(value, str) else "list" if isinstance(value, list) else "block"


def several(value: Any) -> Any:
    """A block given alone is a list of one."""
    return [value] if isinstance(value, dict) else value


#: One text, or a list of texts.
Texts = Annotated[list[Text], BeforeValidator(_as_list)]
Int = Annotated[int, Field(strict=False, ge=0)]
Rank = Annotated[int, Field(strict=False, ge=1)]
Bool = Annotated[bool, Field(strict=False)]


class Node(BaseModel):
    """Base of every mapping node: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _remember(cls, value: Any) -> Any:
        if isinstance(value, dict):
            _models[id(value)] = cls
        return value


#: Which model judged which dict, so that an unknown key can be answered with the keys of that very place.
_models: dict[int, type[Node]] = {}


def forget_models() -> None:
    """After a mapping is judged: an address may be another dict's later."""
    _models.clear()


def model_of(data: dict[Any, Any]) -> type[Node] | None:
    """The model that a dict was last validated against."""
    return _models.get(id(data))


# -------------------------------------------------------------------------------------------------------- tables


class KindSpec(Node):
    """What a label means for a document: its type (JDV_J07), and its class (JDV_J06) when not the associated one."""

    type: Text = Field(description="JDV_J07 code")
    class_: Text | None = Field(None, alias="class", description="JDV_J06 code")


#: What a word of the source stands for.
Target = Annotated[Annotated[str, Tag("text")] | Annotated[KindSpec, Tag("block")], Discriminator(shape_of)]
#: Words of the source and what they stand for.
Words = dict[str, Target]


class TableSpec(Node):
    """A shipped table by name, with additions. ``legacy-document-kinds`` gives type and class of French labels."""

    use: Text = Field(description="legacy-document-kinds, or an official table: JDV_J07, TRE_R66…")
    add: Words = Field(default_factory=dict, description="label: code, or {type: …, class: …}")
    remove: Texts = Field(default_factory=list, description="labels of the shipped table that shall not count")


def _is_shipped(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    return "shipped" if isinstance(value, TableSpec) or (isinstance(value, dict) and "use" in value) else "words"


#: A shipped table, or words.
AnyTable = Annotated[Annotated[TableSpec, Tag("shipped")] | Annotated[Words, Tag("words")], Discriminator(_is_shipped)]
#: A table by its name, or given on the spot.
NamedTable = Annotated[
    Annotated[Text, Tag("text")] | Annotated[TableSpec, Tag("shipped")] | Annotated[Words, Tag("words")],
    Discriminator(_is_shipped),
]


# -------------------------------------------------------------------------------------------------------- values


class ValueOptions(Node):
    """What may be said of a value, whatever its form."""

    date: Texts | None = Field(None, description="strptime forms the cell may have; typed Excel dates always pass")
    pivot: Annotated[int, Field(strict=False, ge=0, le=99)] | None = Field(
        None, description="two-digit years: yy > pivot is 19yy; without it they are an error"
    )
    sentinels: Texts | None = Field(None, description='cells that mean "no date": 31/12/4000, 01/01/1900…')
    table: NamedTable | None = Field(None, description="a name under `tables:`, or a table given inline")
    default: str | None = Field(None, description="used when the cell is empty, or wrong with on_error: default")
    required: Bool | None = Field(None, description="an empty cell rejects the row; fields differ in what is usual")
    pattern: Text | None = Field(None, description="a regular expression the whole cell must match")
    split: Text | None = Field(None, description="separator of several values in one cell")
    nulls: Texts | None = Field(None, description='words that mean "empty" in this column: NC, néant, 0…')
    decimal: Literal[",", "."] | None = Field(None, description="decimal mark of numbers")
    on_error: OnError = Field(
        "reject", description="what a wrong cell does: reject the row, omit it, use the default, stop"
    )


class ColumnValue(ValueOptions):
    """A column of the row's source. ``Header#2`` is the second column of that name, ``#7`` the seventh column."""

    column: Text


class ConstantValue(Node):
    """The same for every row."""

    value: str


class TemplateValue(ValueOptions):
    """A Jinja2 text over the row, in a sandbox: ``{{ row["Nom"] }}``; filters trim, upper, lower, title, replace."""

    template: Text


class LookupSpec(Node):
    """A cell of another source: the row whose ``key`` column equals this row's ``value``."""

    source: Text
    key: Text = Field(description="column of the other source")
    column: Text = Field(description="column to take from it")
    value: Value | None = Field(
        None, description="this row's value to look for; by default the column named like `key`"
    )


class LookupValue(ValueOptions):
    lookup: LookupSpec


def _value_kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        for kind in ("value", "template", "lookup"):
            if kind in value:
                return kind
    for kind in ("value", "template", "lookup"):
        if hasattr(value, kind):
            return kind
    return "column"


#: One source of a datum.
SingleValue = TypeAliasType(
    "SingleValue",
    Annotated[
        Annotated[Text, Tag("text")]
        | Annotated[ColumnValue, Tag("column")]
        | Annotated[ConstantValue, Tag("value")]
        | Annotated[TemplateValue, Tag("template")]
        | Annotated[LookupValue, Tag("lookup")],
        Discriminator(_value_kind),
    ],
)

#: One source of a datum, or several of which the first that is not empty counts.
Value = TypeAliasType(
    "Value",
    Annotated[
        Annotated[SingleValue, Tag("single")] | Annotated[list[SingleValue], Field(min_length=1), Tag("list")],
        Discriminator(lambda v: "list" if isinstance(v, list) else "single"),
    ],
)


class ConditionSpec(Node):
    """A condition on one column; texts are compared without regard to case, accents and spacing."""

    column: Text
    equals: str | None = None
    not_equals: str | None = None
    in_: Texts | None = Field(None, alias="in")
    not_in: Texts | None = None
    matches: Text | None = Field(None, description="regular expression, searched in the cell")
    empty: Bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> ConditionSpec:
        tests = [self.equals, self.not_equals, self.in_, self.not_in, self.matches, self.empty]
        if sum(t is not None for t in tests) != 1:
            raise ValueError("say exactly one of equals, not_equals, in, not_in, matches, empty")
        return self


#: One condition, or several that must all hold.
When = Annotated[list[ConditionSpec], BeforeValidator(several)]


# ------------------------------------------------------------------------------------------------ shared by rules


class PersonSpec(Node):
    """A person named by the row."""

    name: Value
    given: Value | None = None
    role: Value | None = None
    rpps: Value | None = None
    adeli: Value | None = None
    specialty: Value | None = Field(None, description="JDV_J01 code, usually through a table")


class OrganizationSpec(Node):
    name: Value | None = None
    finess: Value | None = None
    siret: Value | None = None


class ResidentAddressSpec(Node):
    lines: list[Value] = Field(default_factory=list)
    postal_code: Value | None = None
    city: Value | None = None
    country: Value | None = None


class GuardSpec(Node):
    """Identity repeated on a document row: it must agree with the residents file, or the row is rejected."""

    birth_name: Value | None = None
    used_name: Value | None = None
    name: Value | None = Field(None, description="agrees with either the birth name or the used name")
    given_names: Value | None = None
    birth_date: Value | None = None
    sex: Value | None = None
    ins: Value | None = None


class PeriodSpec(Node):
    start: Value | None = None
    end: Value | None = None
