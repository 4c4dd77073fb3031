"""Names that a service asks the DNS for as it runs, so that it goes past its hosts file, and past an edge that stands there. Pure."""

from __future__ import annotations

from harness.stack import dns_sd, haproxy_dns, nginx_dns
from harness.stack.texts import Text

_INSTEAD = {
    dns_sd.KEY: "a target of `static_configs` it looks up by its hosts file",
    haproxy_dns.KEY: f"a server without `{haproxy_dns.KEY}` it looks up by its hosts file, once, as it starts",
    nginx_dns.KEY: "a name that is written out, with no variable and no `resolve`, it looks up by its hosts file, once, as it starts",
}
"""By the key that makes it do so: what of the same program's files goes by the hosts file."""


def asked_past_hosts(text: Text) -> dict[str, str]:
    """Each name with the key that makes it ask."""
    if text.kind != "file" or text.program:
        return {}
    return {
        **dict.fromkeys(dns_sd.asked_of_dns(text), dns_sd.KEY),
        **dict.fromkeys(haproxy_dns.names_resolved(text.body), haproxy_dns.KEY),
        **dict.fromkeys(nginx_dns.names_resolved(text.body), nginx_dns.KEY),
    }


def told(caller: str, name: str, key: str, where: str) -> str:
    """Why that is no edge, and the way out."""
    return f"{caller} asks the DNS for {name} and goes by the answer, past its hosts file ({key}, {where}); {_INSTEAD[key]}"
