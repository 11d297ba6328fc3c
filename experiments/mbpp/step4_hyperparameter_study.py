"""Step 4 on mbpp: which settings suit a model, by validation scores; `--help` lists the options."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _run import run

if __name__ == "__main__":
    run("step4_hyperparameter_study", dataset="mbpp")
