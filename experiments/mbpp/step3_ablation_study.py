"""Step 3 on mbpp: what each part of a method contributes; `--help` lists the options."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _run import run

if __name__ == "__main__":
    run("step3_ablation_study", dataset="mbpp")
