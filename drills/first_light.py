"""Readers and editors of the wiki: an ordinary locustfile. Locust alone runs it too:

    locust -f drills/first_light.py --host http://localhost:8080

Three things in it make it honest while things break:

* every answer is looked into (`catch_response`): an API answer that holds an error comes with status 200, and so may a
  page without its text;
* a broken answer fails its request, and never raises out of the task;
* an editor whose session is gone logs in again, as a person would.
"""

from __future__ import annotations

import os
import random
from typing import Any

from locust import FastHttpUser, task

PAGES = ("Main_Page", "Database", "Cache", "Latency", "Queue", "Rollback")
PASSWORD = os.environ.get("WIKI_EDITOR_PASSWORD", "an editor of seeds")


class Reader(FastHttpUser):
    """Reads: mostly pages, now and then a page's history or what changed lately."""

    weight = 3

    @task(12)
    def read_page(self) -> None:
        page = random.choice(PAGES)
        # One name for all pages: claims are about reading, not about one of six pages.
        with self.client.get(f"/wiki/{page}", name="/wiki/page", catch_response=True) as answer:
            expect_text(answer, "mw-parser-output")

    @task(2)
    def read_history(self) -> None:
        page = random.choice(PAGES)
        with self.client.get(f"/index.php?title={page}&action=history", name="/history", catch_response=True) as answer:
            expect_text(answer, "mw-history")

    @task(1)
    def read_recent_changes(self) -> None:
        with self.client.get("/wiki/Special:RecentChanges", name="/recent-changes", catch_response=True) as answer:
            expect_text(answer, "mw-changeslist")


class Editor(FastHttpUser):
    """Logs in once, then writes its own page again and again."""

    weight = 1

    def on_start(self) -> None:
        self.page = f"Sandbox/{random.getrandbits(32):08x}"
        self.edits = 0
        self.token = ""
        self.log_in()

    @task
    def edit(self) -> None:
        if not self.token and not self.log_in():
            return  # the login's request has failed already; a second failure for the same reason would count it twice
        self.edits += 1
        form = {
            "action": "edit",
            "title": self.page,
            "text": f"Note {self.edits}.",
            "token": self.token,
            "assert": "user",
            "format": "json",
        }
        with self.client.post("/api.php", data=form, name="/edit", catch_response=True) as answer:
            said = json_of(answer)
            if said.get("edit", {}).get("result") == "Success":
                answer.success()
                return
            code = said.get("error", {}).get("code", "")
            if code in ("badtoken", "assertuserfailed"):
                self.token = ""  # logged out: the next edit logs in first
            answer.failure(f"not saved: {code or answer.status_code}")

    def log_in(self) -> bool:
        """Three requests, as MediaWiki asks for: a token to log in with, the login, a token to edit with."""
        login = self.api("/login", {"action": "query", "meta": "tokens", "type": "login"})
        token = login.get("query", {}).get("tokens", {}).get("logintoken", "")
        if not token:
            return False
        form = {"username": "Editor", "password": PASSWORD, "logintoken": token, "loginreturnurl": f"{self.host}/"}
        said = self.api("/login", {"action": "clientlogin", **form})
        if said.get("clientlogin", {}).get("status") != "PASS":
            return False
        csrf = self.api("/login", {"action": "query", "meta": "tokens"})
        self.token = csrf.get("query", {}).get("tokens", {}).get("csrftoken", "")
        return bool(self.token)

    def api(self, name: str, form: dict[str, str]) -> dict[str, Any]:
        """One POST to the wiki's API; {} when it failed."""
        with self.client.post("/api.php", data={**form, "format": "json"}, name=name, catch_response=True) as answer:
            said = json_of(answer)
            if "error" in said or not said:
                answer.failure(f"no: {said.get('error', {}).get('code', '') or answer.status_code}")
                return {}
            answer.success()
            return said


def expect_text(answer: Any, text: str) -> None:
    """Passes an answer only when it is a page, and the page asked for."""
    if answer.status_code != 200:
        answer.failure(f"status {answer.status_code}")
    elif text not in (answer.text or ""):
        answer.failure(f"a page without {text!r}")
    else:
        answer.success()


def json_of(answer: Any) -> dict[str, Any]:
    """The answer as JSON; {} for an error page, half an answer or none."""
    try:
        said = answer.json()
    except (ValueError, TypeError):
        return {}
    return said if isinstance(said, dict) else {}
