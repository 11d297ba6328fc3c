"""What users import, and what importing costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import eg_cfg.replay


def test_every_name_is_there() -> None:
    assert sorted(eg_cfg.replay.__all__) == eg_cfg.replay.__all__
    for name in eg_cfg.replay.__all__:
        assert getattr(eg_cfg.replay, name).__name__ == name
        assert name in dir(eg_cfg.replay)
    assert not hasattr(eg_cfg.replay, "P2Value")


def test_importing_does_not_import_torch() -> None:
    code = ("import sys; from eg_cfg.replay import *; from eg_cfg.replay.collect import collect; "
            "raise SystemExit('torch' in sys.modules or 'transformers' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_framework_script_has_the_same_classes(repository: Path) -> None:
    code = ("from {module} import ExperienceBuffer, P2ValueCalculator, PrioritizedSampler; import eg_cfg.replay as r; "
            "assert P2ValueCalculator is r.P2ValueCalculator and ExperienceBuffer is r.ExperienceBuffer; "
            "assert PrioritizedSampler is r.PrioritizedSampler; "
            "print(P2ValueCalculator(alpha=0.5).calculate(0.8, 0.5))")
    for module, folder in (("experiments.btp_finetune_framework", repository),
                           ("btp_finetune_framework", repository / "experiments")):
        done = subprocess.run([sys.executable, "-c", code.format(module=module)], cwd=folder, capture_output=True,
                              text=True)
        assert (done.stdout, done.returncode) == ("0.65\n", 0), done.stderr
