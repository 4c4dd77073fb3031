"""`drill mend` of a run on a Compose project that ran already: its faults out, and the project what it was found to be."""

from __future__ import annotations

from collections.abc import Callable

from harness.attach.put_back import Returned, gone, put_back
from harness.facts import Closed, ProjectCompared
from harness.following import Following
from harness.run.folder import RunFolder
from harness.safety.openfaults import TOLD, open_faults
from harness.safety.orphans import end_orphans
from harness.safety.takeout import own_writer, take_out


def given_back(folder: RunFolder, say: Callable[[str], None]) -> list[str]:
    """Returns what is still on or left there, and once what is other than it was: what has become of a project that nothing of the
    run is on any more is its users' affair. Idempotent."""
    end_orphans(folder.run)
    journal = Following(folder.path, (*TOLD, Closed, ProjectCompared)).journal()
    closed, compared = journal.last(Closed), journal.last(ProjectCompared)
    if closed and not closed.left and compared and not open_faults(journal):
        return _told(folder, gone(folder.path, folder.run), (), say, once=compared.differences)
    writer = own_writer(folder, "mend")
    try:
        still_on = take_out(folder, writer, "sweep")
        back = put_back(folder.path, folder.run)
        writer.write(ProjectCompared(project=back.project, differences=back.other), durable=True)
        if back.compared and not (still_on or back.left) and (not closed or closed.left):
            writer.write(Closed(), durable=True)
    finally:
        writer.close()
    if writer.broken:
        say(f"{folder.run}: it stands nowhere that this was mended: {writer.broken}")
    return _told(folder, back, still_on, say)


def _told(
    folder: RunFolder,
    back: Returned,
    still_on: tuple[str, ...],
    say: Callable[[str], None],
    once: tuple[str, ...] = (),
) -> list[str]:
    """`once`: what was other than it was when that was compared, of which it was told then."""
    left = [*still_on, *back.left, *back.other]
    for line in left:
        say(f"{folder.run}: {line}")
    for command in back.commands if left else ():
        if command != f"drill mend {folder.run}":  # which was just typed
            say(f"    {command}")
    if once and not left:
        say(
            f"{folder.run}: nothing of it is left; when {back.project} was compared at the end, it was not what it was: {'; '.join(once)}"
        )
    elif not left:
        say(f"{folder.run}: {back.project} is what it was" if back.project else f"{folder.run}: nothing of it is left")
    return left
