"""The ways out of a receiver of Alertmanager's: what kind each is, and where its pages go. Pure.

Source: Alertmanager's configuration reference, and the defaults of config/config.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.urls import place

PROVIDERS = {
    "pagerduty": "https://events.pagerduty.com",
    "opsgenie": "https://api.opsgenie.com",
    "victorops": "https://alert.victorops.com",
    "pushover": "https://api.pushover.net",
    "telegram": "https://api.telegram.org",
    "webex": "https://webexapis.com",
    "wechat": "https://qyapi.weixin.qq.com",
    "slack": "https://slack.com",
    "rocketchat": "https://open.rocket.chat",
}
"""Where each kind goes when its configuration names no other place."""
_HOOKS = {
    "slack": ("https://hooks.slack.com", "https://slack.com"),
    "discord": ("https://discord.com", "https://discordapp.com"),
    "incidentio": ("https://api.incident.io",),
}
"""Where the URLs of webhooks that a provider hands out lead, for kinds whose URL must be stated."""
QUIET_ON_RESOLVED = ("email", "rocketchat", "slack", "wechat")
"""Kinds whose `send_resolved` is false when left out (Alertmanager's configuration reference)."""
_STATED: Mapping[str, tuple[str, ...]] = {
    "webhook": ("url",),
    "pagerduty": ("url",),
    "incidentio": ("url",),
    "pushover": (),  # its `url` is a link in the message
    "slack": ("api_url", "app_url"),
    "discord": ("webhook_url",),
    "msteams": ("webhook_url",),
    "msteamsv2": ("webhook_url",),
    "mattermost": ("webhook_url",),
}
"""By which key each kind's configuration names where it goes; all others by `api_url`. The global one has the kind before it."""


def usual(kind: str = "") -> tuple[str, ...]:
    """Hosts that a kind's pages usually go to, or those of all kinds."""
    kinds = (kind,) if kind else (*PROVIDERS, *_HOOKS)
    urls = [url for one in kinds for url in (*_HOOKS.get(one, ()), PROVIDERS.get(one, "")) if url]
    return tuple(dict.fromkeys(place(url)[0] for url in urls))


@dataclass(frozen=True)
class Outlet:
    """One way out. kind '': it sends nothing; url '': it stands elsewhere (a secret, `file`); `proxy`: how it gets there by way of
    another, in words, or ''; `token`: what it must be given first by another, in words, or ''."""

    kind: str = ""
    url: str = ""
    proxy: str = ""
    token: str = ""
    send_resolved: bool = True
    file: str = ""


def outlets(
    receiver: Mapping[str, Any], shared: Mapping[str, Any], read: Callable[[str], str] = lambda path: ""
) -> Iterator[Outlet]:
    """Those of one receiver; `shared` is the configuration's `global`, `read` gives what a file that it names holds, or ''."""
    for key, configs in receiver.items():
        if not str(key).endswith("_configs") or not isinstance(configs, list):
            continue
        kind = str(key).removesuffix("_configs")
        for config in (one or {} for one in configs):
            url, file = _url(kind, config, shared)
            url = url or (read(file).strip() if file else "")
            http = (
                config.get("http_config") or shared.get("http_config") or {}
            )  # its own stands for all of the shared one
            resolved = bool(config.get("send_resolved", kind not in QUIET_ON_RESOLVED))
            if kind == "email":
                yield Outlet(kind, url, send_resolved=resolved)
            else:
                yield Outlet(kind, url, _proxy(http, place(url)[0]), _token(http), resolved, file)


def _proxy(http: Mapping[str, Any], host: str) -> str:
    """How requests to a host go by way of a proxy, in words, or ''."""
    if http.get("proxy_from_environment"):
        return "it goes through the proxy of its environment, if that names one (proxy_from_environment)"
    url = str(http.get("proxy_url") or "")
    spared = [name.strip().lower() for name in str(http.get("no_proxy") or "").split(",") if name.strip()]
    if not url or (host and any(name == "*" or f".{host}".endswith(f".{name.lstrip('.')}") for name in spared)):
        return ""
    return f"it goes through a proxy{f' ({place(url)[0]})' if place(url)[0] else ''}"


def _token(http: Mapping[str, Any]) -> str:
    oauth = http.get("oauth2") or {}
    host, _ = place(str(oauth.get("token_url") or ""))
    return f"it fetches a token first{f', from {host}' if host else ''} (oauth2)" if oauth else ""


def _url(kind: str, config: Mapping[str, Any], shared: Mapping[str, Any]) -> tuple[str, str]:
    """Its own before the global one, and that before its kind's usual place; and the file that it stands in, where it does."""
    if kind == "email":
        smart = str(config.get("smarthost") or shared.get("smtp_smarthost") or "")
        return f"smtp://{smart}" if smart else "", ""
    if kind == "sns":
        return str(config.get("api_url") or "") or _sns(config), ""
    keys = _STATED.get(kind, ("api_url",))
    for given, names in ((config, keys), (shared, tuple(f"{kind}_{key}" for key in keys))):
        for name in names:
            if given.get(name):
                return str(given[name]), ""
            if given.get(f"{name}_file"):
                return "", str(given[f"{name}_file"])
    return PROVIDERS.get(kind, ""), ""


def _sns(config: Mapping[str, Any]) -> str:
    """That of the region which is stated, or stands in its topic's name: arn:aws:sns:REGION:…"""
    arn = str(config.get("topic_arn") or config.get("target_arn") or "").split(":")
    region = str((config.get("sigv4") or {}).get("region") or "") or (arn[3] if len(arn) > 3 else "")
    end = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://sns.{region}.{end}" if region else ""
