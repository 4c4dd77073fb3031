"""`drill mend` of a run on a Compose project that ran already: its faults out, and the project what it was found to be."""

from __future__ import annotations

from collections.abc import Callable

from harness.attach.put_back import put_back
from harness.attach.record import recorded
from harness.facts import Closed, ProjectCompared
from harness.following import Following
from harness.run.folder import RunFolder
from harness.safety.openfaults import TOLD
from harness.safety.orphans import end_orphans
from harness.safety.takeout import own_writer, take_out


def given_back(folder: RunFolder, say: Callable[[str], None]) -> list[str]:
    """Returns what is still on, or other than it was. Idempotent."""
    end_orphans(folder.run)
    if told := recorded(folder.path):
        told.reach()
    over = bool(Following(folder.path, (*TOLD, Closed)).journal().of(Closed))
    writer = own_writer(folder, "mend")
    try:
        still_on = take_out(folder, writer, "sweep")
        back = put_back(folder.path, folder.run)
        left = [*still_on, *back.left, *back.other]
        if not over or left:
            writer.write(ProjectCompared(project=back.project, differences=back.other), durable=True)
        if not over and not left:
            writer.write(Closed(), durable=True)
    finally:
        writer.close()
    if writer.broken:
        say(f"{folder.run}: it stands nowhere that this was mended: {writer.broken}")
    for line in (*back.left, *back.other):
        say(f"{folder.run}: {line}")
    for command in back.commands[1:] if left else ():
        say(f"    {command}")
    what = f"{back.project} is what it was" if back.project else "nothing of it is left"
    say(f"{folder.run}: " + ("still there: " + ", ".join(left) if left else what))
    return left
