"""What a verdict finds though no drill claims it: the words of such findings, and what they mean."""

from __future__ import annotations

SETTLES, COMES_BACK, RECORD = "settles", "comes-back", "record"
UNASKED = {
    SETTLES: """The stack holds its steady state again after a phase, by itself. Found as PHASE/settles, in any run where it does not.

The conditions of `steady` are looked at again when the phase's claims are decided, for as long as the gate may wait
(steady.within). Fails as not_settled, and the next phase is not played; as needs_restart where a restart is what helps, and
with `restore: restart` is tried. `recovers` is the claim with a limit of your own.""",
    COMES_BACK: """Every part of the stack comes back by itself. Found as PHASE/comes-back, in any run where the stack was steady after a
phase and yet a target of its faults had ended with an error, or a container was left in a network that is gone.
Fails as needs_restart.""",
    RECORD: """What people said and did stands as they wrote it. Found as record/WRITER, in any run where a record of theirs in facts/
was changed after it was written. Inconclusive as record_broken; nothing in that record is taken.""",
}
