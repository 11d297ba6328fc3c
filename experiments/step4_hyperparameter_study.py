"""Step 4: which settings suit a model, by validation scores. `--help` lists the options."""

from _run import run

if __name__ == "__main__":
    run("step4_hyperparameter_study")
