"""The arms of the ablation of EG-CFG: which trial, at which gamma.

    guide_arms(("full", "one_trace"), 0.5)["one_trace"].trial     # ns1t0.75d2k1_auto_ln
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from eg_cfg.studies.trial_strings import Trial

FULL, NONE = "full", "none"
_BASE = Trial.parse("ns3t0.75d2k1_auto_ln")


@dataclass(frozen=True)
class GuideArm:
    """One arm."""

    what: str
    trial: Trial = _BASE
    gamma: float | None = None
    """None is the whole method's."""
    minimal_trace: bool = False

    def settings(self) -> dict[str, Any]:
        """What differs from the whole method."""
        changed: dict[str, Any] = {} if self.gamma is None else {"gamma": self.gamma}
        for name in ("candidates", "horizon", "refresh"):
            if getattr(self.trial, name) != getattr(_BASE, name):
                value = getattr(self.trial, name)
                changed[name] = "inf" if value is None else value
        return {**changed, **({"minimal_trace": True} if self.minimal_trace else {})}


def _arm(what: str, **values: Any) -> GuideArm:
    return GuideArm(what, replace(_BASE, **values))


GUIDE_ARMS: dict[str, GuideArm] = {
    NONE: GuideArm("no execution signal: plain greedy decoding", gamma=0.0),
    FULL: GuideArm("the whole method"),
    "signal_only": GuideArm("signal without guidance: the model reads it, gamma 1", gamma=1.0),
    "gamma_0.25": GuideArm("gamma 0.25", gamma=0.25),
    "gamma_0.5": GuideArm("gamma 0.5", gamma=0.5),
    "gamma_1.5": GuideArm("gamma 1.5", gamma=1.5),
    "gamma_3": GuideArm("gamma 3", gamma=3.0),
    "one_trace": _arm("one candidate and its trace, where the whole method has three", candidates=1),
    "candidates_2": _arm("two candidates", candidates=2),
    "candidates_5": _arm("five candidates", candidates=5),
    "horizon_1": _arm("candidates of one line", horizon=1),
    "horizon_4": _arm("candidates of four lines", horizon=4),
    "horizon_inf": _arm("candidates to the end of the program", horizon=None),
    "every_3_lines": _arm("a signal every three lines", refresh=3),
    "final_state": GuideArm("signals show where a run ended, not each line", minimal_trace=True),
}


def guide_arms(names: Sequence[str] | None, gamma: float) -> dict[str, GuideArm]:
    """The arms of these names, or all, in the order of the table; the whole method and no signal are among them.

    An arm whose gamma is the whole method's is left out: it would be the same.
    """
    wanted = set(GUIDE_ARMS if names is None else names) | {FULL, NONE}
    return {name: arm for name, arm in GUIDE_ARMS.items() if name in wanted and (arm.gamma != gamma or name == NONE)}
