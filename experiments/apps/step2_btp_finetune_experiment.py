"""Step 2 on apps: a model learns from tested programs, drawn by priority; `--help` lists the options."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _run import run

if __name__ == "__main__":
    run("step2_btp_finetune_experiment", dataset="apps")
