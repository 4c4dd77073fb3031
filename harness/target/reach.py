"""A target's servers over HTTP: their certificate checked, their token or password sent to them alone, a time-out on every call."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from typing import Any

from harness.errors import CannotRun, Missing, NotApplied, NotLetIn
from harness.load.tls import Spoken, origin
from harness.masking import Secret
from harness.target.paging import Poll
from harness.target.place import Place
from harness.target.secrets import access_of, secrets_by
from harness.world.handles import Page
from harness.world.jsonapi import MOST_BYTES, JsonApi
from harness.world.toxiproxy import Answer, ApiError, Server, posted, said_by

REFUSED = (401, 403)


def session_of(place: Place) -> Any:
    """A session of requests that goes to this place. Raises CannotRun where its certificates or its secret are not to be had."""
    import requests
    from requests.adapters import HTTPAdapter

    header, home = _header(place), origin(place.url)

    def prove(request: Any) -> Any:
        if header and origin(request.url) == home:
            request.headers["Authorization"] = header
        return request

    session = requests.Session()
    session.trust_env = False  # what the environment says is meant for this machine's own calls
    session.verify = _certificates(place.ca_file) if place.ca_file else True
    session.proxies = {"http": place.proxy, "https": place.proxy} if place.proxy else {}
    session.auth = prove
    session.mount("https://", Spoken(home, place.server_name, place.insecure_skip_verify).adapter(HTTPAdapter)())
    return session


def secrets_of(place: Place, name: str) -> tuple[Secret, ...]:
    """What must not be shown in anything that a run writes. Raises CannotRun for a secret that is not there."""
    _header(place)
    return secrets_by(access_of(place), name)


class PlaceApi(JsonApi):
    """GET of JSON, as of a server in a stack of the run's own. `what` names it in errors."""

    def __init__(self, what: str, place: Place) -> None:
        self.what = f"{what} at {place.url}"
        self.base = place.url
        self._place = place
        self._timeout_s = place.timeout_s or 5.0
        self._local = threading.local()

    def page(self, path: str, params: Any = None, within_s: float | None = None) -> Page:
        """The answer, whatever its status but where we are turned away. Raises NotApplied.

        within_s   of its connection and of each part of the answer; the place's own time-out where that is shorter
        """
        import requests
        from urllib3.exceptions import HTTPError  # what `raw` raises when an answer breaks off

        timeout_s = min(self._timeout_s, within_s or self._timeout_s)
        try:
            with self._session().get(
                self.base + path,
                params=dict(params or {}),
                timeout=timeout_s,
                stream=True,
                allow_redirects=False,
            ) as answer:
                body = answer.raw.read(MOST_BYTES + 1, decode_content=True)
        except CannotRun as error:  # a secret that is just being replaced
            raise NotApplied(" ".join(str(error).split())) from error
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise (NotLetIn if _speaks_otherwise(error) else NotApplied)(
                f"{self.what} {why(error, timeout_s)}"
            ) from error
        if answer.status_code in REFUSED:
            raise NotLetIn(f"{self.what} {refusal(self._place, answer.status_code)}")
        if len(body) > MOST_BYTES:
            raise NotApplied(f"{self.what} answered with more than {MOST_BYTES >> 20} MiB")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Page(answer.status_code, headers, body)

    def _asked(self, path: str, params: Any) -> tuple[bytes, int]:
        page = self.page(path, params)
        return page.body, page.status

    def _session(self) -> Any:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = session_of(self._place)
        return session


class PlaceWire:
    """Implements toxiproxy.Wire: Toxiproxy's API behind TLS, a token, a proxy."""

    def __init__(self, place: Place) -> None:
        self.url = place.url
        self._place = place
        self._timeout_s = place.timeout_s or 5.0
        self._session = session_of(place)

    def get(self, url: str) -> Answer:
        return self._call("GET", url)

    def delete(self, url: str) -> Answer:
        return self._call("DELETE", url)

    def post(self, url: str, json: Any = None) -> Answer:
        return self._call(posted(url), url, json)

    def close(self) -> None:
        self._session.close()

    def _call(self, method: str, url: str, body: Any = None) -> Answer:
        import requests

        data = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if data else {}
        try:
            answer = self._session.request(
                method, self.url + url, data=data, headers=kind, timeout=self._timeout_s, allow_redirects=False
            )
        except (requests.RequestException, OSError, ValueError) as error:
            raise ApiError(f"Toxiproxy at {self.url} {why(error, self._timeout_s)}") from error
        if answer.status_code in REFUSED:
            raise ApiError(f"Toxiproxy at {self.url} {refusal(self._place, answer.status_code)}", answer.status_code)
        if answer.status_code // 100 != 2:
            said = answer.content.decode("utf-8", "replace").strip()[:200]
            raise ApiError(
                f"Toxiproxy at {self.url} answered {method} {url} with {answer.status_code}: {said}",
                answer.status_code,
                said_by(answer.content),
            )
        return Answer(answer.status_code, answer.content)


def toxiproxy_at(place: Place) -> Server:
    """A client of the Toxiproxy there; not for two threads at once. Raises CannotRun as `session_of`."""
    return Server("", 0, wire=PlaceWire(place))


def answers(place: Place) -> str:
    """Why load cannot go to this place, or '': it answers over HTTP, with its certificate, and does not turn us away."""
    import requests

    try:
        answer = session_of(place).get(place.url + "/", timeout=place.timeout_s, stream=True, allow_redirects=False)
        answer.close()
    except (requests.RequestException, OSError, ValueError) as error:
        return f"{place.url} {why(error, place.timeout_s or 5.0)}"
    if answer.status_code == 401 or (answer.status_code == 403 and _credential(place)):
        return f"{place.url} {refusal(place, answer.status_code)}"
    return ""


def why(error: BaseException, timeout_s: float) -> str:
    """What went wrong with a call, for a person: the end of a sentence that begins with who was asked."""
    import requests
    from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError

    causes = list(_causes(error))
    # The text of a ValueError may quote the header that it is about, and so a secret.
    text = "" if any(isinstance(one, ValueError) for one in causes) else str(error)
    late = isinstance(error, requests.exceptions.Timeout) or any(isinstance(one, ReadTimeoutError) for one in causes)
    torn = (
        ProtocolError,
        DecodeError,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
    )
    begins = "sent an answer that breaks off" if isinstance(error, torn) else "does not answer"
    wrong = next((one for one in causes if isinstance(one, ssl.SSLCertVerificationError)), None)
    reason = getattr(wrong, "verify_message", "") or "it is not signed by a certificate that is trusted"
    reason = f"{reason.rstrip('.')}; state the name that is in it: server_name" if " mismatch" in reason else reason
    refused = any(isinstance(one, ConnectionRefusedError) for one in causes)
    known = (
        (
            wrong is not None or "CERTIFICATE_VERIFY_FAILED" in text,
            f"has a certificate that is not trusted: {reason}",
        ),
        (isinstance(error, requests.exceptions.SSLError), "does not speak TLS as it should"),
        (isinstance(error, requests.exceptions.ProxyError), "cannot be reached through its proxy"),
        (late, f"did not answer within {timeout_s:g} s"),
        (refused or "Connection refused" in text, "refuses connections"),
        ("NameResolutionError" in text, "has a host name that is not known here"),
    )
    return next((said for so, said in known if so), ": ".join(filter(None, (begins, type(error).__name__, text[:200]))))


def refusal(place: Place, status: int) -> str:
    """That we were turned away, and by what we were known."""
    by = _credential(place)
    return f"turns us away ({status}): " + (f"it does not take {by}" if by else "it wants a token or a password")


def _credential(place: Place) -> str:
    if place.user:
        return f"the password of {place.user} in {place.password_env or place.password_file}"
    if place.token_env or place.token_file:
        return f"the token in {place.token_env or place.token_file}"
    return ""


def _header(place: Place) -> str:
    """Raises CannotRun for a secret that is not there."""
    try:
        access = access_of(place)
        if isinstance(place, Poll) and place.authorization:
            return place.authorization.replace("{token}", access.secret())
        return access.authorization()
    except LookupError as error:
        variable = place.token_env or place.password_env
        cure = f"export {variable}=…" if variable else ""
        raise CannotRun(Missing(f"{place.url} needs a secret: {error}", cure)) from None
    except OSError as error:
        raise CannotRun(f"{place.url} needs a secret: {error.filename} cannot be read: {error.strerror}") from None


def _certificates(file: str) -> str:
    """The file, once it is known to hold certificates. Raises CannotRun."""
    try:
        ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        raise CannotRun(
            f"{file} holds no certificates that can be trusted: {getattr(error, 'strerror', '') or error}"
        ) from None
    return file


def _speaks_otherwise(error: BaseException) -> bool:
    """Whether it showed a certificate that is not trusted, or said what is no TLS as we speak it. Who only ends the connection may not be up yet."""
    ended = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
    return any(isinstance(one, ssl.SSLError) and not isinstance(one, ended) for one in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """It and what it came of, however it is wrapped."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        inner = (*error.args[:1], getattr(error, "reason", None), error.__cause__, error.__context__)
        error = next((one for one in inner if isinstance(one, BaseException) and one not in seen), None)
