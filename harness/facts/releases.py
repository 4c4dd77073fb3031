"""Releases, and who takes one back."""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class Deployed(Fact):
    """A service got another release, on so many containers, by seen_s. `by`: harness, rollback (another hand than ours), mend.

    begun_s   when ours began; of a rollback, the last look that found it all as before
    detail    of ours that left off, after how many of its containers
    """

    service: str
    image: str
    by: str
    replicas: int = 1
    begun_s: float | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class ReleaseSeen(Fact):
    """Which release a container runs, read from Docker at first sight and whenever that changed.

    release   good (as before ours), bad (ours), other, gone (the container is no longer there)
    aside     it was made from another Compose file than the run's
    stayed    of another, what it still has of the bad release: its image, its command, a variable by its name
    """

    service: str
    container: str
    release: str
    image: str = ""
    aside: bool = False
    stayed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VersionSeen(Fact):
    """What a replica calls itself, told by the source of versions that a release declares; '' when the replica is no longer there.

    fault    the release
    replica  a metric's `instance`, or the number of a command's line
    begun_s  of a command, when it began: what it printed was so at some time until it ended (`happened_s`). A metric's sample
             was so when it was scraped
    """

    fault: str
    replica: str
    version: str = ""
    begun_s: float | None = None

    @property
    def low_s(self) -> float:
        """It was so at some time from here to `at_s`."""
        return self.at_s if self.begun_s is None else self.begun_s


@dataclass(frozen=True, kw_only=True)
class LeverPulled(Fact):
    """A step was decided: its command is started (or a person said so). `trigger` cites the fact that it waited for.

    fault   the release that it takes back, '' for a step that takes none back; None where that was not written down
    """

    lever: str
    by: str
    command: str = ""
    trigger: str = ""
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class LeverHeld(Fact):
    """A lever was pulled while its release still went out, which was asked to leave off after the step under way: the command is
    started once the deployment is over.

    why   it cannot leave off, and goes on to its end, or another's does first; '' where it can
    """

    lever: str
    fault: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class LeverEnded(Fact):
    """The command ended in [begun_s, seen_s]; `exit_code` None when we killed it, or never started it, and `detail` says why. `output`
    is its tail.
    """

    lever: str
    begun_s: float
    exit_code: int | None = None
    detail: str = ""
    output: str = ""


@dataclass(frozen=True, kw_only=True)
class LeverAsked(Fact):
    """A person was asked on the terminal; `there` is False when there was no terminal to ask on. `command`: what a yes runs;
    `fault` as of LeverPulled."""

    lever: str
    question: str
    there: bool = True
    trigger: str = ""
    command: str = ""
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class LeverAnswered(Fact):
    """What the person typed. Silence is no fact."""

    lever: str
    text: str
