"""The arms of the ablation of EG-CFG: what each changes of the whole method's trial, and at which gamma.

    base = Trial.parse("ns3t0.75d2k1_auto_ln")
    guide_arms(("full", "one_trace"), 0.5, base)["one_trace"].trial(base)     # ns1t0.75d2k1_auto_ln
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eg_cfg.decoding.base import SignalPart
from eg_cfg.studies.trial_strings import Trial

FULL, NONE = "full", "none"
WHOLE_TRIAL = "ns3t0.75d2k1_auto_ln"
"""The whole method's trial, where nobody says."""


@dataclass(frozen=True)
class GuideArm:
    """One arm: what it changes of the whole method."""

    what: str
    changed: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the trial."""
    gamma: float | None = None
    """None is the whole method's."""
    minimal_trace: bool = False
    signal: SignalPart = "whole"

    def trial(self, base: Trial) -> Trial:
        """Its trial, where the whole method's is `base`."""
        return replace(base, **self.changed)

    def settings(self) -> dict[str, Any]:
        """What differs from the whole method."""
        changed: dict[str, Any] = {} if self.gamma is None else {"gamma": self.gamma}
        changed |= {name: "inf" if value is None else value for name, value in self.changed.items()}
        if self.minimal_trace:
            changed["minimal_trace"] = True
        return changed if self.signal == "whole" else {**changed, "signal": self.signal}

    def is_possible(self, base: Trial) -> bool:
        """Whether there is something to change in the whole method's trial.

        Only the strategy `line` counts lines between signals; one candidate has no next one; signal tokens show where
        a run ended as it is.
        """
        if "refresh" in self.changed and base.strategy != "line":
            return False
        if self.minimal_trace and base.prompt_type == "signal_tokens":
            return False
        return self.signal != "shuffled" or base.candidates > 1

    def is_whole(self, base: Trial, gamma: float) -> bool:
        """Whether it would be the whole method over again."""
        return (self.trial(base) == base and self.gamma in (None, gamma) and not self.minimal_trace
                and self.signal == "whole")


def _arm(what: str, **changed: Any) -> GuideArm:
    return GuideArm(what, changed)


GUIDE_ARMS: dict[str, GuideArm] = {
    NONE: GuideArm("no execution signal: plain greedy decoding", gamma=0.0),
    FULL: GuideArm("the whole method"),
    "signal_only": GuideArm("signal without guidance: the model reads it, gamma 1", gamma=1.0),
    "gamma_0.25": GuideArm("gamma 0.25", gamma=0.25),
    "gamma_0.5": GuideArm("gamma 0.5", gamma=0.5),
    "gamma_1.5": GuideArm("gamma 1.5", gamma=1.5),
    "gamma_3": GuideArm("gamma 3", gamma=3.0),
    "one_trace": _arm("one candidate and its trace", candidates=1),
    "candidates_2": _arm("two candidates", candidates=2),
    "candidates_5": _arm("five candidates", candidates=5),
    "horizon_1": _arm("candidates of one line", horizon=1),
    "horizon_4": _arm("candidates of four lines", horizon=4),
    "horizon_inf": _arm("candidates to the end of the program", horizon=None),
    "every_3_lines": _arm("a signal every three lines", refresh=3),
    "final_state": GuideArm("signals show where a run ended, not each line", minimal_trace=True),
    "no_traces": GuideArm("signals show verdicts, code, and what was given and wanted, no trace", signal="no_traces"),
    "verdicts_only": GuideArm("signals show verdicts and code only", signal="verdicts"),
    "traces_only": GuideArm("signals show code and what it did, no verdict", signal="traces"),
    "shuffled_verdicts": GuideArm("each candidate stands under the next one's verdict, values and trace",
                                  signal="shuffled"),
    "failing_only": GuideArm("signals show only candidates that do not pass", signal="failing"),
    "accept_passing": _arm("stops as soon as a candidate passes the shown tests", accept_passing=True),
}


def guide_arms(names: Sequence[str] | None, gamma: float, base: Trial) -> dict[str, GuideArm]:
    """The arms of these names, or all, in the order of the table; the whole method and no signal are among them.

    An arm that would be the whole method over again is left out, and so is one that its trial has no room for.
    """
    wanted = set(GUIDE_ARMS if names is None else names) | {FULL, NONE}
    return {name: arm for name, arm in GUIDE_ARMS.items() if name in wanted and (
        name in (FULL, NONE) or (arm.is_possible(base) and not arm.is_whole(base, gamma)))}
