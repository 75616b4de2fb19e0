"""Reads one document as it streams past, and lets the rules see each part when it is complete.

The header is kept as a tree until the body starts, each entry until it ends; narrative and base64 are never kept. So
memory does not depend on the document's size. Hostile XML is refused before it can do harm: no document type, no
entity, limits on depth, on elements, and on the length of one tag or comment.
"""

from __future__ import annotations

from xml.parsers import expat

from converter.cda.check.body import Body
from converter.cda.check.datatypes import HOOKS, check_null, check_telecoms
from converter.cda.check.findings import Findings
from converter.cda.check.grammar import HL7, NARRATIVE, SDTC, XSI, XSI_TYPE, Type, rare_types, sdtc_names, shape, types
from converter.cda.check.header import check_header
from converter.cda.check.kinds import Kind, kind_of
from converter.cda.check.media import Media
from converter.cda.check.nodes import Node, path_of
from converter.cda.check.summary import summary_of
from converter.cda.check.value_sets import ValueSets
from converter.cda.check.values import is_name, is_timestamp
from converter.payload import DocumentFindings

__all__ = ["CdaChecker"]

#: Bytes parsed at a time, whatever the size of what is fed: findings do not depend on it.
_BLOCK = 1 << 18
#: Limits of what is read, looked at after each block. A dossier of ten thousand events has a million tags, and is
#: twelve levels deep; one entry has a few thousand tags.
_DEEPEST = 100
_MOST_TAGS = 10_000_000
_MOST_KEPT = 1_000_000
_LONGEST_TOKEN = 1 << 20
#: Characters of text kept of one element.
_LONGEST_TEXT = 1 << 16

_SCHEMA_LOCATION = f"{XSI} schemaLocation"


#: How the elements at hand are judged: by CI-SIS in a header or in entries, or by the schema alone.
_HEADER, _ENTRIES, _SCHEMA_ONLY = "header", "entries", "schema"

#: Elements without children that were found sound, by type, name, attributes.
_SOUND: set[tuple[object, ...]] = set()
_MOST_REMEMBERED = 8192


def _remember(leaf: tuple[object, ...]) -> None:
    if len(_SOUND) >= _MOST_REMEMBERED:
        _SOUND.clear()
    _SOUND.add(leaf)


class _StoppedError(Exception):
    """Reading ends here; the finding is noted already."""


class CdaChecker:
    """Checks one document while it streams past (a :class:`converter.payload.DocumentChecker`).

    ``state`` is the CDA state that codes are judged by (seed, 1.1.0, cda-1.0.1); None accepts a code of any of them.
    ``file`` names the document in the findings; without it their locations have only the path inside.
    """

    def __init__(self, state: str | None = None, file: str = "") -> None:
        self._findings = Findings(file)
        self._sets = ValueSets(state)
        self._state = state
        self._types = types()
        self._root: Node | None = None
        self._open: Node | None = None
        self._body: Body | None = None
        self._kind = Kind.OTHER
        self._texts: list[str] = []
        self._media: Media | None = None
        self._skipped = 0
        self._tags = 0
        self._freed = 0
        self._fed = 0
        self._done = False
        self._judged = _HEADER
        self._pending = bytearray()
        self._parser = self._new_parser()

    def _new_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.buffer_size = _LONGEST_TEXT
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._texts.append
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.XmlDeclHandler = self._check_declaration
        return parser

    # ---------------------------------------------------------------------------------------------------- the stream

    def feed(self, data: bytes) -> None:
        """The next bytes of the document, in blocks of any size."""
        view = memoryview(data)
        while len(view) and not self._done:
            room = _BLOCK - len(self._pending)
            self._pending += view[:room]
            view = view[room:]
            if len(self._pending) == _BLOCK:
                self._parse(bytes(self._pending), final=False)
                self._pending.clear()

    def close(self) -> DocumentFindings:
        """The end of the document: everything that was found."""
        if not self._done:
            self._parse(bytes(self._pending), final=True)
        self._pending.clear()
        del self._parser
        root, self._open = self._root, None
        if root is None:
            return DocumentFindings(self._findings.all())
        if self._body is None:
            self._end_header(root)
        elif not self._findings.has("CDAX-01") and not self._findings.has("CDAX-03"):
            self._body.finish()  # references make sense only when everything was read
        summary = summary_of(root)
        root.children.clear()  # parents and children hold each other: let go of them now, not at the next collection
        return DocumentFindings(self._findings.all(), summary)

    def _parse(self, block: bytes, final: bool) -> None:
        try:
            self._parser.Parse(block, final)
            self._fed += len(block)
            self._tags += block.count(b"<")
            self._check_limits()
        except _StoppedError:
            self._done = True
        except expat.ExpatError as error:
            self._done = True
            reason = expat.ErrorString(error.code)
            self._findings.add(
                "CDAX-01", path_of(self._open), line=error.lineno, column=error.offset + 1, reason=reason
            )
        except (LookupError, ValueError):  # an encoding that Python or expat does not know
            self._done = True
            self._findings.add("CDAX-01", "", line=1, column=1, reason="unknown encoding")
        if final:
            self._done = True

    def _check_limits(self) -> None:
        """After each block: what would make memory or time grow without end."""
        if sum(map(len, self._texts)) > 2 * _LONGEST_TEXT:
            self._texts[:] = ["".join(self._texts)[:_LONGEST_TEXT]]
        if self._fed - self._parser.CurrentByteIndex > _LONGEST_TOKEN and self._parser.CurrentByteIndex >= 0:
            self._stop("token")
        if self._tags > _MOST_TAGS:
            self._stop("elements")
        if self._tags - self._freed > _MOST_KEPT:
            self._stop("entry")
        depth, node = self._skipped, self._open
        while node is not None:
            depth, node = depth + 1, node.parent
        if depth > _DEEPEST:
            self._stop("depth")

    def _stop(self, limit: str) -> None:
        self._findings.add("CDAX-03", path_of(self._open), limit=limit)
        raise _StoppedError

    def _refuse_doctype(self, *_: object) -> None:
        self._findings.add("CDAX-02", "")
        raise _StoppedError

    def _check_declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.upper() not in {"UTF-8", "UTF8"}:
            self._findings.add("CDAX-06", "")

    # ------------------------------------------------------------------------------------------------------ elements

    def _start(self, full_name: str, attributes: dict[str, str]) -> None:
        if self._skipped:
            self._texts.clear()
            self._skipped += 1
            return
        if self._texts:
            self._take_text()
        parent = self._open
        if parent is None:
            self._open = self._start_root(full_name, attributes)
            return
        known = parent.type.children.get(full_name)  # type: ignore[union-attr]
        if known is None:
            self._start_unknown(full_name, attributes, parent)
            return
        name, type_ = known
        node = Node(name, attributes, parent, type_)
        parent.children.append(node)
        self._open = node
        if XSI_TYPE in attributes:
            self._choose_type(node)
        elif type_.watched:
            self._opened(node, type_)

    def _start_unknown(self, full_name: str, attributes: dict[str, str], parent: Node) -> None:
        """An element that the schema does not have here: its parent will be told, what is inside is passed over."""
        self._skipped = 1
        namespace, _, local = full_name.rpartition(" ")
        if namespace in {HL7, ""}:  # extensions of others are not ours to judge
            parent.children.append(Node(local if is_name(local) and len(local) < 64 else "?", attributes, parent, None))
        elif namespace == SDTC and full_name in sdtc_names():
            parent.children.append(Node(f"sdtc:{local}", attributes, parent, None))

    def _start_root(self, full_name: str, attributes: dict[str, str]) -> Node:
        if full_name != f"{HL7} ClinicalDocument":
            self._findings.add("CDAX-04", "")
            raise _StoppedError
        self._root = Node("ClinicalDocument", attributes, None, self._types["ClinicalDocument"])
        if _SCHEMA_LOCATION in attributes:
            self._findings.add("CDAX-07", self._root)
        return self._root

    def _choose_type(self, node: Node) -> None:
        """The data type that ``xsi:type`` names; what is in a rare one is passed over."""
        name = node.attributes[XSI_TYPE].rpartition(":")[2].strip()
        node.type = self._types.get(name)
        if node.type is None:
            if name not in rare_types():
                self._findings.add("CDAX-19", node)
            self._open, self._skipped = node.parent, 1
        elif node.type.watched:
            self._opened(node, node.type)

    def _opened(self, node: Node, type_: Type) -> None:
        parent = node.parent
        assert parent is not None
        if self._body is not None and "ID" in node.attributes:
            self._body.note_id(node)
        if type_.name == "Component2" and self._body is None and self._root is not None:
            self._end_header(self._root)
        elif type_.name == "ED" and (
            node.get("representation") == "B64" or (parent.name == "nonXMLBody" and node.name == "text")
        ):
            self._media = Media()
            self._parser.CharacterDataHandler = self._media.feed
        elif self._body is not None and type_.name in {"NonXMLBody", "StructuredBody"}:
            self._body.opened(node)
        elif type_.name in {"ANY", "QTY"}:
            self._findings.add("CDAX-19", node)

    def _end_header(self, root: Node) -> None:
        self._kind = kind_of(root)
        check_header(root, self._kind, self._findings, self._sets.holds)
        if self._kind is Kind.OTHER:
            self._findings.add("CDAX-05", root)
        self._judged = _SCHEMA_ONLY if self._kind is Kind.OTHER else _ENTRIES
        self._body = Body(self._kind, self._state, self._findings, self._sets)

    def _end(self, full_name: str) -> None:
        if self._skipped:
            self._texts.clear()
            self._skipped -= 1
            return
        if self._texts:
            self._take_text()
        node = self._open
        assert node is not None
        if node.children or self._media is not None:
            self._check(node)
        else:
            # Most elements have no children and look like thousands before them: what was sound stays sound.
            leaf = (node.type, node.name, self._judged, not node.text, *node.attributes.items())
            if leaf not in _SOUND:
                before = self._findings.count
                self._check(node)
                if self._findings.count == before:
                    _remember(leaf)
        self._open = node.parent
        if node.name in Body.ENDINGS and self._body is not None:
            self._body.ended(node)
            if node.name in {"entry", "section"}:
                self._freed = self._tags

    def _take_text(self) -> None:
        texts = self._texts
        text = texts[0] if len(texts) == 1 else "".join(texts)
        texts.clear()
        node = self._open
        if node is None or text.isspace():
            return
        assert node.type is not None
        if not node.type.mixed:
            self._findings.add("CDAX-16", node)
        elif len(node.text) < _LONGEST_TEXT:
            node.text += text if not node.type.narrative else "."

    # --------------------------------------------------------------------------------------------- one whole element

    def _check(self, node: Node) -> None:
        type_, attributes, children = node.type, node.attributes, node.children
        assert type_ is not None
        if self._media is not None and type_.name == "ED":
            self._end_media(node)
        names = tuple([child.name for child in children])
        found = shape(type_, tuple(attributes), names)
        for fault in found.faults:
            place = node if fault.child is None else children[fault.child]
            self._findings.add(fault.code, place, None, **dict(fault.params))
        for name, check in found.checks:
            if not check(attributes[name]):
                if check is is_timestamp:
                    self._findings.add("CDAX-20", node)
                else:
                    self._findings.add("CDAX-17", node, attribute=name)
        if type_.narrative or type_.name == NARRATIVE:
            children.clear()
        elif self._judged != _SCHEMA_ONLY:
            self._check_data(node, type_)
            if names.count("telecom") > 1:
                check_telecoms(node, self._findings)

    def _check_data(self, node: Node, type_: Type) -> None:
        attributes = node.attributes
        if "nullFlavor" in attributes:
            check_null(node, self._judged == _HEADER, self._findings)
        elif not node.text and not node.children and (type_.mixed or not attributes):
            self._findings.add("CDAX-18", node)
        hook = HOOKS.get(type_.name)
        if hook is not None:
            hook(node, self._findings)

    def _end_media(self, node: Node) -> None:
        media = self._media
        assert media is not None
        self._media = None
        self._parser.CharacterDataHandler = self._texts.append
        media.close()
        node.text = "…"  # what is wrong with it is said below
        if self._body is not None:
            self._body.ended_media(node, media)
