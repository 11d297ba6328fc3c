"""Step 2: a model learns from tested programs, drawn by priority. `--help` lists the options."""

from _run import run

if __name__ == "__main__":
    run("step2_btp_finetune_experiment")
