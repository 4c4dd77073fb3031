"""Where services send their traces is read from their environment, and what a collector could not take is said with its cure."""

from __future__ import annotations

from typing import Any

import pytest

from harness.stack.exporters import exporting


def project(environment: dict[str, Any], **body: Any) -> dict[str, Any]:
    return {"services": {"api": {"environment": environment, **body}, "collector": {"container_name": "otel"}}}


@pytest.mark.parametrize(
    ("environment", "port"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://traces.example.test:4318"}, 4318),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces.example.test/v1/traces"}, 80),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://others.example.test:4318",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces.example.test:9/x/v1/traces",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            },
            9,
        ),
    ],
)
def test_an_endpoint_on_a_host_outside_is_one_that_a_collector_stands_in_for(
    environment: dict[str, Any], port: int
) -> None:
    found = exporting(project(environment))
    assert found.hosts == {"traces.example.test": (port,)}
    assert (found.ports, found.senders) == ((port,), ("api",))
    (seen,) = found.exporters
    assert (seen.service, seen.observable, seen.why) == ("api", True, "")
    assert seen.url == f"http://traces.example.test:{port}"


@pytest.mark.parametrize(
    ("environment", "body", "why", "hosts"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://t.example.test"}, {}, "certificate", {"t.example.test": ()}),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://t.example.test:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            {},
            "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
            {"t.example.test": ()},
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, {}, "a service of the stack", {}),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"}, {}, "a service of the stack", {}),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://10.1.2.3:4318"}, {}, "the address 10.1.2.3", {}),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "t.example.test:4317"}, {}, "no URL", {}),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://t.example.test:4318"},
            {"extra_hosts": ["t.example.test=10.0.0.1"]},
            "extra_hosts",
            {},
        ),
    ],
)
def test_what_cannot_be_read_is_said_with_what_would_make_it_so(
    environment: dict[str, Any], body: dict[str, Any], why: str, hosts: dict[str, tuple[int, ...]]
) -> None:
    found = exporting(project(environment, **body))
    (seen,) = found.exporters
    assert not seen.observable
    assert why in seen.why
    assert found.hosts == hosts
    assert found.senders == tuple("api" for _ in hosts)


def relayed(collector: dict[str, str], **api: str) -> dict[str, Any]:
    sends = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", **api}
    return {"services": {"api": {"environment": sends}, "collector": {"environment": collector}}}


def test_a_collector_of_the_stack_s_own_is_seen_through_where_it_sends_on_to_a_host_outside() -> None:
    found = exporting(relayed({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://traces.example.test:4318"}))
    assert {seen.service: (seen.observable, seen.why) for seen in found.exporters} == {
        "api": (True, ""),
        "collector": (True, ""),
    }
    assert (found.hosts, found.senders) == ({"traces.example.test": (4318,)}, ("collector",))


def test_a_collector_that_keeps_what_it_gets_is_not_and_the_reason_says_what_would_show_it() -> None:
    for collector in ({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://vendor.example.test"}):
        seen = next(one for one in exporting(relayed(collector)).exporters if one.service == "api")
        assert not seen.observable
        assert "if collector sent it on to a host outside that its own OTEL_EXPORTER_OTLP_ENDPOINT names" in seen.why
    round_about = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://api:4318"}
    assert not any(one.observable for one in exporting(relayed(round_about)).exporters), "it goes in a circle"


@pytest.mark.parametrize(
    ("said", "called"),
    [
        ({}, ""),
        ({"OTEL_SERVICE_NAME": "shop-api"}, "shop-api"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=x, service.name=shop%20api"}, "shop api"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=other", "OTEL_SERVICE_NAME": "shop-api"}, "shop-api"),
    ],
)
def test_the_name_under_which_a_service_sends_is_read_too(said: dict[str, str], called: str) -> None:
    (seen,) = exporting(project({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://t.example.test", **said})).exporters
    assert seen.called == called


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": None},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://t.example.test:4318", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://t.example.test:4318", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_who_sends_none_is_no_exporter(environment: dict[str, Any]) -> None:
    assert exporting(project(environment)).exporters == ()
