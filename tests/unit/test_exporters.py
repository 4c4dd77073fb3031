"""Where services send their traces is read from their environment, and what a collector could not take is said with its cure."""

from __future__ import annotations

from typing import Any

import pytest

from harness.edges import Edge
from harness.stack.exporters import Exporting, Relayed, exporting


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
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://t.example.test:4318", "OTEL_TRACES_EXPORTER": "zipkin,console"},
    ],
)
def test_who_sends_none_is_no_exporter(environment: dict[str, Any]) -> None:
    assert exporting(project(environment)).exporters == ()


def through(endpoint: str = "http://collector:4318", **edge: Any) -> Exporting:
    """A service that sends to a collector of the stack's own, over an edge."""
    named: dict[str, Any] = {"names": ("collector", "otel"), "address": "10.0.0.9", "upstream": "collector", **edge}
    sends = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    return exporting(project(sends), [Edge("api", "collector", **named)])


@pytest.mark.parametrize("host", ["collector", "otel"])
def test_a_collector_in_the_stack_is_seen_on_the_way_to_it(host: str) -> None:
    found = through(f"http://{host}:4318")
    (seen,) = found.exporters
    assert (seen.observable, seen.why) == (True, "")
    assert found.relayed == (Relayed("api", "collector", "api->collector", 4318, "collector"),)
    assert found.relays == {("collector", 4318): 14318}
    assert (found.hosts, found.senders, found.held) == ({}, (), ("api",)), "its own name stays its own"


def test_what_one_relay_passes_on_is_of_all_who_send_there() -> None:
    sends = {"environment": {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://jaeger:4318/v1/traces"}}
    services = {"api": sends, "web": sends, "jaeger": {}, "sidecar": {**sends, "network_mode": "service:web"}}
    edges = [Edge(caller, "jaeger", names=("jaeger",), upstream="jaeger.drill-upstream") for caller in ("api", "web")]
    found = exporting({"services": services}, edges)
    assert [one.edge for one in found.relayed] == ["api->jaeger", "web->jaeger", "web->jaeger"]
    assert found.relays == {("jaeger.drill-upstream", 4318): 14318}
    assert all(seen.observable for seen in found.exporters)


@pytest.mark.parametrize(
    ("endpoint", "edge"),
    [
        ("http://collector:4317", {}),  # gRPC's port, where nothing says that it speaks HTTP
        ("https://collector:4318", {}),
        ("http://collector:4318", {"refused": "addressed by its IP"}),
        ("http://collector:4318", {"names": ("another",)}),
    ],
)
def test_what_cannot_be_read_on_the_way_is_left_alone_and_said(endpoint: str, edge: dict[str, Any]) -> None:
    found = through(endpoint, **edge)
    (seen,) = found.exporters
    assert (found.relayed, found.held, seen.observable) == ((), (), False)
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, to port 4318" in seen.why


def test_a_sender_by_grpc_is_seen_behind_a_collector_that_sends_on_by_http_to_another() -> None:
    config = relayed({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo:4318"})
    config["services"]["tempo"] = {}
    edges = [Edge("api", "collector", names=("collector",)), Edge("collector", "tempo", names=("tempo",))]
    found = exporting(config, edges)
    assert [one.edge for one in found.relayed] == ["collector->tempo"]
    assert all(seen.observable for seen in found.exporters)
