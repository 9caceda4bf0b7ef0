"""Reading the XML of diagrams and tables, which anybody with the right may upload."""

from __future__ import annotations

from typing import Any

from lxml import etree

MAX_BYTES = 2_000_000
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"


class XmlRefused(Exception):
    """The file is too large, not well-formed, or has a document type (entities could grow it without bound)."""


def read(content: bytes) -> etree._Element:
    """The root element. Raises XmlRefused."""
    if len(content) > MAX_BYTES:
        raise XmlRefused(f"larger than {MAX_BYTES} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise XmlRefused(str(error)) from error
    document: Any = root.getroottree().docinfo
    if document.doctype:
        raise XmlRefused("a document type is not allowed")
    return root


def properties(element: etree._Element) -> dict[str, str]:
    """The `spiffworkflow:property` names and values among the element's own extension elements."""
    found: dict[str, str] = {}
    for child in element.iterchildren("*"):
        if etree.QName(child).localname == "extensionElements":
            for node in child.iterfind(f"{{{SPIFF}}}properties/{{{SPIFF}}}property"):
                found[node.get("name", "")] = node.get("value", "")
    return found
