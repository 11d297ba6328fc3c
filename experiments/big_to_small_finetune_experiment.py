"""A small model learns from programs that a large one wrote and that were tested. `--help` lists the options."""

from _run import run

if __name__ == "__main__":
    run("big_to_small_finetune_experiment")
