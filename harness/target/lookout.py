"""Looks at the edges of a target: the witness through the proxy, from this machine, and whether the proxy carries its caller's bytes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.edges import edge_id
from harness.errors import NotApplied
from harness.facts import Blinded, Fact, HeldSeen, Surveyed, Witnessed
from harness.inside.look import meet
from harness.target.absent import WHY
from harness.target.model import EdgeAt
from harness.world.jsonapi import JsonApi

LIMIT_MS = 1500.0
PROOF_S = 6.0
"""So long nothing of ours goes over a proxy, when the load has begun: whatever it carries then is its callers'. Its counter of bytes
counts a connection when that ends."""
ASKED_BYTES = 16384  # more than a witness sends, with the handshakes of TLS
BYTES = ("toxiproxy_proxy_received_bytes_total", "toxiproxy_proxy_sent_bytes_total")


@dataclass
class _Proof:
    """What is known of an edge: bytes carried when it was first asked, and since when; `how` once it is proven.

    own     bytes that our witness carried before, and that may be counted only later
    """

    began_s: float = 0.0
    bytes: float | None = None
    own: float = 0.0
    how: str = ""
    why: str = ""


class TargetLookout:
    """Implements handles.Lookout.

    edges   by name, where each is; those without a witness are never looked at
    apis    of each Toxiproxy, for its metrics; `api_of` says which an edge has
    record  told, once, of an edge of which nothing shows that it is used
    """

    def __init__(
        self,
        edges: Mapping[str, EdgeAt],
        apis: Mapping[str, JsonApi],
        api_of: Callable[[EdgeAt], str],
        record: Callable[[Fact], object],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._edges = {name: at for name, at in edges.items() if at.witness}
        self._apis, self._api_of, self._record, self._now_s = apis, api_of, record, now_s
        self._limits: dict[str, float] = {}
        self._lock = threading.Lock()
        self._proofs = {name: _Proof(how="stated" if at.only_way else "") for name, at in self._edges.items()}

    def limit(self, edge: str, limit_ms: float) -> None:
        """Look longer on this edge: a fault that delays by 2 s needs a limit above that."""
        self._limits[edge] = limit_ms

    def look(self, edge: str) -> Witnessed:
        """See handles.Lookout. While it is being proven that others use the edge, there is no look."""
        at = self._edges.get(edge)
        limit_ms = self._limits.get(edge, LIMIT_MS)
        if at is None or at.witness is None:
            return Witnessed(edge=edge, port=0, outcome="blinded", error=f"{edge} has no witness", limit_ms=limit_ms)
        if self._being_proven(edge):
            why = "looks begin once it is known whether its caller uses the edge"
            return Witnessed(edge=edge, port=_port(at), outcome="blinded", error=why, limit_ms=limit_ms)
        return self.meet(edge)

    def meet(self, edge: str) -> Witnessed:
        """One complete exchange, also before the load has begun."""
        at, limit_ms = self._edges[edge], self._limits.get(edge, LIMIT_MS)
        host, port = (at.witness or "").rpartition(":")[0], _port(at)
        ends_s = time.monotonic() + limit_ms / 1000
        request = {
            "host": edge_id(edge)[1],
            "port": port,
            "limit_ms": limit_ms,
            "speaks": at.speaks,
            "credentials": {"path": at.path},
        }
        try:
            address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0][4][0]
            said = meet(str(address), request, ends_s)
        except OSError as error:
            said = {"outcome": "unreachable", "error": str(error)}
        self._proofs[edge].own += _uncounted(at, said)
        return Witnessed(
            edge=edge,
            port=port,
            outcome=str(said["outcome"]),
            speaks=at.speaks,
            connect_ms=said.get("connect_ms"),
            answer_ms=said.get("answer_ms"),
            close_ms=said.get("close_ms"),
            size=int(said.get("size", 0)),
            chunks=int(said.get("chunks", 0)),
            turns=int(said.get("turns", 0)),
            limit_ms=limit_ms,
            error=str(said.get("error", "")),
            outside=True,
        )

    def survey(self) -> Sequence[Surveyed]:
        """See handles.Lookout: a record for each edge that is known to be used, and how that is known."""
        with self._lock:
            open_ = {name: proof for name, proof in self._proofs.items() if not proof.how}
            for api in {self._api_of(self._edges[name]) for name in open_}:
                mine = {name: proof for name, proof in open_.items() if self._api_of(self._edges[name]) == api}
                self._prove(mine, api)
            return tuple(
                Surveyed(edge=name, mediated=0, direct=0, how=proof.how)
                for name, proof in self._proofs.items()
                if proof.how
            )

    def connections(self, service: str, toward: str) -> Sequence[HeldSeen]:
        """See handles.Lookout."""
        raise NotApplied(WHY)

    def _being_proven(self, edge: str) -> bool:
        proof = self._proofs[edge]
        return not proof.how and (not proof.began_s or self._now_s() < proof.began_s + PROOF_S)

    def _prove(self, proofs: Mapping[str, _Proof], api: str) -> None:
        try:
            carried = bytes_carried(self._apis[api].text("/metrics"))
            error = "" if carried else "its Toxiproxy counts no bytes; start it with -proxy-metrics"
        except NotApplied as wrong:
            carried, error = {}, str(wrong)
        now_s = self._now_s()  # after the answer: looks may have begun while it was under way
        for name, proof in proofs.items():
            proof.began_s = proof.began_s or now_s
            if now_s >= proof.began_s + PROOF_S:
                self._give_up(name, proof, error)
                continue
            total = carried.get(self._edges[name].proxy, 0.0)
            if proof.bytes is None:
                proof.bytes = None if error else total
            elif total > proof.bytes + proof.own:
                proof.how = "carried"

    def _give_up(self, name: str, proof: _Proof, error: str) -> None:
        if proof.why:
            return
        untold = "its Toxiproxy did not tell its bytes in time" if proof.bytes is None else ""
        proof.why = (
            f"nothing shows that it is used: {error or untold or f'its proxy carried nothing for {PROOF_S:g} s of load'}; if its caller "
            f'reaches its dependency over this proxy alone, state it: edges."{name}" has only_way = true'
        )
        self._record(Blinded(probe="survey", target=name, error=proof.why))


def _uncounted(at: EdgeAt, said: Mapping[str, Any]) -> float:
    """The most that a proxy may yet count of a look, in and out: it counts a connection when that ends, which we may not have seen."""
    if said.get("close_ms") is not None:
        return 0.0
    return 2.0 * (int(said.get("size", 0)) + (ASKED_BYTES if at.speaks else 0))


def _port(at: EdgeAt) -> int:
    return int((at.witness or ":0").rpartition(":")[2])


def bytes_carried(text: str) -> dict[str, float]:
    """By proxy, the bytes that its Toxiproxy's metrics count, in both directions; {} where it counts none. Pure."""
    from prometheus_client.parser import text_string_to_metric_families

    lines = [line for line in text.splitlines() if line.startswith(BYTES)]
    found: dict[str, float] = {}
    try:
        for family in text_string_to_metric_families("\n".join(lines) + "\n"):
            for sample in family.samples:
                proxy = sample.labels.get("proxy", "")
                found[proxy] = found.get(proxy, 0.0) + float(sample.value)
    except ValueError:
        return {}
    return found
