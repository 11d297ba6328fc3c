"""Step 1 on mbpp: what a model can do as it is; `--help` lists the options."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _run import run

if __name__ == "__main__":
    run("step1_baseline_experiment", dataset="mbpp")
