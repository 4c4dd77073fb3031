"""The verdict as JUnit XML, for whatever shows test results: one test case per expectation.

An inconclusive one is an `error`, not `skipped`: a dashboard must not be green where nothing was seen. What ends a run
beside its claims (a guard, a halt, an invalid run, an error of the harness) is a case of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(document: Mapping[str, Any]) -> str:
    """The document of a verdict as one `testsuite`."""
    return junit_of([document])


def junit_of(results: Sequence[Mapping[str, Any] | tuple[str, str, str]]) -> str:
    """Several drills, a `testsuite` each: the document of a verdict, or (drill, kind, sentence) of one that has none."""
    suites = ET.Element("testsuites")
    for result in results:
        if isinstance(result, tuple):
            _without_verdict(suites, *result)
        else:
            _suite(suites, result)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _without_verdict(suites: ET.Element, drill: str, kind: str, what: str) -> None:
    counts = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0", "time": "0"}
    _trouble(ET.SubElement(suites, "testsuite", {"name": _clean(drill), **counts}), _clean(drill), kind, what)


def _trouble(suite: ET.Element, drill: str, kind: str, what: str) -> None:
    case = ET.SubElement(suite, "testcase", classname=drill, name=f"run/{kind}", time="0")
    ET.SubElement(case, "error", type=kind, message=_clean(what)).text = _clean(what)


def _suite(suites: ET.Element, document: Mapping[str, Any]) -> None:
    findings, troubles = document["findings"], endings(document)
    failures = sum(1 for f in findings if f["outcome"] == "failed")
    errors = sum(1 for f in findings if f["outcome"] == "inconclusive") + len(troubles)
    suite = ET.SubElement(
        suites,
        "testsuite",
        name=document["drill"],
        tests=str(len(findings) + len(troubles)),
        failures=str(failures),
        errors=str(errors),
        skipped="0",
        time=f"{document['length_s']:.3f}",
    )
    if document["started_unix_s"] is not None:
        suite.set("timestamp", datetime.fromtimestamp(document["started_unix_s"], UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    properties = ET.SubElement(suite, "properties")
    for name in ("run", "verdict", "exit_code"):
        ET.SubElement(properties, "property", name=name, value=str(document[name]))
    for text in document.get("given", ()):
        ET.SubElement(properties, "property", name="given", value=_clean(text))
    for finding in findings:
        _case(suite, document["drill"], finding)
    for kind, what in troubles:
        _trouble(suite, document["drill"], kind, what)


def endings(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(kind, sentence) of everything beside the findings that keeps a run from having passed."""
    ending = document["ending"]
    found = [("not_mended", text) for text in ending["not_mended"]]
    found += [(kind, ending[kind]) for kind in ("broken", "stopped", "refused") if ending[kind]]
    if ending["interrupted"]:
        found.append(("interrupted", "ended by a signal"))
    return found + [("invalid", text) for text in document["invalid"]]


def _case(suite: ET.Element, drill: str, finding: Mapping[str, Any]) -> None:
    classname = f"{drill}.{finding['phase'] or 'run'}"
    case = ET.SubElement(suite, "testcase", classname=classname, name=finding["id"], time="0")
    file, _, line = finding["where"].rpartition(":")
    if file and line.isdigit():
        case.set("file", file)
        case.set("line", line)
    because = _clean(finding["because"])
    detail = "\n".join(
        [_clean(finding["text"]), because]
        + ([f"would be decided by: {_clean(finding['decide'])}"] if finding["decide"] else [])
        + ([f"rests on: {', '.join(finding['cites'])}"] if finding["cites"] else [])
    )
    if finding["outcome"] == "passed":
        ET.SubElement(case, "system-out").text = detail
    else:
        tag = "failure" if finding["outcome"] == "failed" else "error"
        ET.SubElement(case, tag, type=finding["reason"], message=because).text = detail


def _clean(text: str) -> str:
    """Text without what XML 1.0 cannot hold (control characters of a log line)."""
    return _ILLEGAL.sub("�", text)
