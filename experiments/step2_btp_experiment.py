"""Step 2 without training: k programs a problem by beam search, each tested. `--help` lists the options."""

from _run import run

if __name__ == "__main__":
    run("step2_btp_experiment")
