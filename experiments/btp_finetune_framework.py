"""The classes of BTP under the name that users' notes have; they live in `eg_cfg.replay`.

    from experiments.btp_finetune_framework import ExperienceBuffer, P2ValueCalculator, PrioritizedSampler

Where `eg_cfg` cannot be imported, the program that imports this starts again with the interpreter of the repository's
`.venv`, as the other scripts of this folder do.
"""

import importlib.util
import os
import runpy
import sys

if importlib.util.find_spec("eg_cfg") is None:
    if not os.path.isfile(sys.argv[0] or ""):
        raise ImportError("expected the package eg-cfg in this Python, found none: use .venv/bin/python")
    runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "_run.py"))["_find_package"]()

from eg_cfg.replay import Experience, ExperienceBuffer, P2ValueCalculator, PrioritizedSampler

__all__ = ["Experience", "ExperienceBuffer", "P2ValueCalculator", "PrioritizedSampler"]
