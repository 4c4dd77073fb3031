"""What every role's web server does alike: request ids, versions, counts, deadlines, errors in JSON, a way to stop.

Every answer has X-Version and X-Request-ID, a 404 and a 500 too: they are set as an answer's head is made, whoever makes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import time
import uuid
from collections.abc import Awaitable, Callable

from aiohttp import web

from checkout import calls, deadline, defects, logs, metrics, segments, tracing
from checkout.calls import Failed
from checkout.release import VERSION
from checkout.settings import DRAIN_S, FINISH_S, PORT, READ_DEADLINE_S

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Look = Callable[[web.Application], None]

_SANE_ID = re.compile(r"[\w.:/+=-]{1,128}")
SLOW_S = 0.5  # the objective's bound: what is slower gets a line in the log

CHECKOUT = "/checkout"
UNTRACED = ("/metrics", "/healthz", "/readyz")

stopping = web.AppKey("stopping", asyncio.Event)


class Unavailable(Exception):
    """A dependency that an answer cannot do without: 503 when it could not be had, 504 when it took too long."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(str(failed))
        self.dependency, self.why = failed.dependency, failed.why
        self.status = 504 if failed.outcome == "timeout" else 503


def problem(status: int, what: str, **more: object) -> web.Response:
    answer = web.json_response({"error": what, "request_id": logs.request_id.get(), **more}, status=status)
    if status in (503, 504):
        answer.headers["Retry-After"] = "1"
    return answer


def middleware(deadlines_s: dict[str, float]) -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
    """Around every request. `deadlines_s` by route; the others have the readers' deadline."""

    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("X-Request-ID", "")
        identity = given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex
        logs.request_id.set(identity)
        request["id"] = identity
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "none"  # never the path itself: anybody could make a series of it
        deadline.begin(deadlines_s.get(route, READ_DEADLINE_S))
        segments.current.set(segments.known(request.headers.get(segments.HEADER, "")))
        began = time.monotonic()
        metrics.in_flight.inc()
        status = 499  # the asker went away
        with _span(request, route) as span:
            try:
                answer = await _answer(request, handler)
                status = defects.answered_as(answer.status)
                if status != answer.status:
                    answer.set_status(status)
                return answer
            finally:
                took_s = time.monotonic() - began
                metrics.in_flight.dec()
                metrics.count_request(request.method, route, status, took_s)
                if route == CHECKOUT:
                    metrics.count_attempt(segments.current.get(), status, took_s)
                span.attributes["http.response.status_code"] = status
                if status >= 500:
                    span.fail(f"answered {status}")
                if took_s > SLOW_S or status in (499, 503, 504):
                    logs.warning("answered late" if status < 500 else "answered with an error", route=route, status=status,
                                 took_ms=round(took_s * 1000))  # fmt: skip
                defects.crash(status)

    return around


def _span(request: web.Request, route: str) -> contextlib.AbstractContextManager[tracing.Span]:
    """The span of a request: of the trace that it came with, or the first of a new one. Looks by machines begin none."""
    given = request.headers.get("traceparent", "")
    context = given or (None if route in UNTRACED else "")
    described = {"http.request.method": request.method, "http.route": route, "url.path": request.path}
    return tracing.span(f"{request.method} {route}", tracing.SERVER, described, context=context)


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The handler's answer, or the error's. 503 and 504 are a dependency's doing, 500 is ours: a defect."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return problem(error.status, error.reason) if error.status >= 400 else error
    except Unavailable as error:
        logs.error(f"{error.dependency} is unavailable", dependency=error.dependency, cause=error.why)
        said = f"{error.dependency} is unavailable; ask again, with the same key"
        return problem(error.status, said, cause=error.why)
    except Exception as error:
        logs.error("a defect", error, path=request.path)
        return problem(500, "an error of ours")


async def _head(request: web.Request, answer: web.StreamResponse) -> None:
    answer.headers["X-Version"] = VERSION
    answer.headers["X-Request-ID"] = request.get("id") or uuid.uuid4().hex
    if request.app[stopping].is_set():
        answer.force_close()  # the client comes back on a new connection, to somebody who stays


async def healthz(request: web.Request) -> web.Response:
    """200 says that the process answers, nothing more: one that is restarted because its database is away helps nobody. How
    it fares stands in the body: `degraded` when the last attempt at a dependency failed, and at which."""
    failing = [] if defects.HEALTH_ALWAYS_YES else sorted(name for name, how in calls.last.items() if how != "ok")
    status = "degraded" if failing else "ok"
    return web.json_response({"status": status, "failing": failing, "version": VERSION})


def application(deadlines_s: dict[str, float] | None = None, look: Look = lambda app: None) -> web.Application:
    """`look` sets the gauges that are read when somebody asks."""

    async def show_metrics(request: web.Request) -> web.Response:
        look(request.app)
        return web.Response(body=metrics.page(), headers={"Content-Type": metrics.CONTENT_TYPE})

    app = web.Application(middlewares=[middleware(deadlines_s or {})], client_max_size=64 * 1024)
    app[stopping] = asyncio.Event()
    app.on_response_prepare.append(_head)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/metrics", show_metrics)
    return app


async def serve(app: web.Application, name: str) -> None:
    """Serve until told to stop; then finish: answers say `Connection: close` for a moment, the door closes, what is in
    hand is answered, and what the application holds is put down."""
    metrics.describe()
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=FINISH_S)
    await runner.setup()
    await web.TCPSite(runner, port=PORT, backlog=512).start()
    exporting = asyncio.ensure_future(tracing.export(name))
    logs.info(f"{name} serves", port=PORT)
    await told_to_stop.wait()
    logs.info(f"{name} was told to stop; it finishes what it has in hand", in_hand=metrics.in_flight._value.get())
    app[stopping].set()
    await asyncio.sleep(DRAIN_S)
    await runner.cleanup()
    exporting.cancel()
    await asyncio.wait((exporting,), timeout=tracing.SEND_S)
    logs.info(f"{name} has stopped")


def run(make: Callable[[], web.Application], name: str) -> None:
    """Serve on asyncio's own loop. (uvloop is faster, and aborts the whole process when a library closes a socket that is
    still waited for, as libpq does when a connection takes too long: libuv, uv__io_poll, "Assertion errno == EEXIST".)"""

    async def main() -> None:
        await serve(make(), name)

    logs.start(name)
    asyncio.run(main())
