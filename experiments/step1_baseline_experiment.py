"""Step 1: what a model can do as it is. `python experiments/step1_baseline_experiment.py --help` lists the options."""

from _run import run

if __name__ == "__main__":
    run("step1_baseline_experiment")
