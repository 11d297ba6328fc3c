"""Step 3: what each part of a method contributes. `--help` lists the options."""

from _run import run

if __name__ == "__main__":
    run("step3_ablation_study")
