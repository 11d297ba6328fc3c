"""What `--btp` passes on."""

from __future__ import annotations

import pytest

from eg_cfg.cli.study_arguments import options_of
from eg_cfg.errors import ConfigError
from eg_cfg.studies.ablation_options import AblationOptions


def options(*btp: str) -> AblationOptions:
    return options_of(AblationOptions, {"model_name": "tiny", "benchmark": "minipy", "btp": list(btp)}, None)


def test_options_that_are_assignments_themselves_may_be_repeated() -> None:
    found = options("replay-option=steps=3", "replay_option=seed=9", "num-beams=3", "gammas=0.5,1")
    assert found.replay_option == {"steps": "3", "seed": "9"}
    assert found.num_beams == 3
    assert found.gammas == (0.5, 1.0)


@pytest.mark.parametrize(("given", "message"), [
    (("replay-option=steps",), "--btp replay-option: expected key=value, found 'steps'"),
    (("replay-option=steps=1", "replay-option=steps=2"), "--btp replay-option: the key 'steps' is given twice"),
    (("num-beams",), "--btp: expected key=value, found 'num-beams'"),
])
def test_what_is_no_assignment_is_told(given: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        options(*given)
