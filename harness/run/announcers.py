"""One announcement sent by one way. Whatever goes wrong comes back as a sentence: it is nobody's outcome."""

from __future__ import annotations

import json
import platform
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from harness.report.announcement import Announcement, as_json, as_mail, as_slack
from harness.run.briefly import ran
from harness.urls import place

if TYPE_CHECKING:
    from harness.drill.announce import Way


def sent(way: Way, told: Announcement, directory: Path) -> str:
    """'' when it was taken; else why not. A webhook's URL is a secret: only its host is named."""
    host = platform.node()
    try:
        if way.webhook:
            return _posted(way, as_slack(told, host) if way.format == "slack" else as_json(told, host))
        if way.email:
            return _mailed(way, *as_mail(told, host))
        more = {"DRILL_EVENT": told.event, "DRILL_TEXT": told.text}
        return ran(way.command, directory, way.timeout_s, given=json.dumps(as_json(told, host)), more=more)
    except Exception as error:
        return f"{type(error).__name__}: {_without(way, str(error))}"


def _posted(way: Way, body: object) -> str:
    import requests

    host = place(way.webhook)[0] or "its host"
    try:
        answer = requests.post(way.webhook, json=body, timeout=way.timeout_s, allow_redirects=False)
    except requests.Timeout:
        return f"{host} did not answer within {way.timeout_s:g} s"
    except requests.RequestException as error:
        return f"{host} did not answer: {type(error).__name__}"
    return "" if answer.ok and not answer.is_redirect else f"{host} answered {answer.status_code}"


def _mailed(way: Way, subject: str, body: str) -> str:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, way.sender, ", ".join(way.email)
    mail.set_content(body)
    host, _, port = way.smtp.rpartition(":")
    trusted = ssl.create_default_context()
    try:
        server = (
            smtplib.SMTP_SSL(host, int(port), timeout=way.timeout_s, context=trusted)
            if way.tls == "tls"
            else smtplib.SMTP(host, int(port), timeout=way.timeout_s)
        )
        with server:
            if way.tls == "starttls":
                server.starttls(context=trusted)
            if way.user:
                server.login(way.user, way.password)
            refused = server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        return f"{way.smtp}: {type(error).__name__}: {_without(way, str(error))}"
    return f"{way.smtp} refused {', '.join(refused)}" if refused else ""


def _without(way: Way, text: str) -> str:
    for secret in (way.webhook, way.password):
        text = text.replace(secret, "***") if secret else text
    return " ".join(text.split())[:300]
