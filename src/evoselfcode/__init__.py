"""EvoSelfCode: iterative dual self-training of code models, on the foundation of `eg_cfg`.

    from evoselfcode.config import load_config
    from evoselfcode.pipeline import generate, score, keep, train_d2c, train_c2d, iterate

    summary = generate(load_config(Path("configs/generation.yaml")))

A description→code model (D2C) and a code→description model (C2D) make data for each other from names and code that the
base model itself invents. Every stage is one function `(config, progress) -> Summary`: it reads what the stage before
wrote, adds what is missing, and repeats nothing. `evoselfcode` imports `eg_cfg`, never the reverse.
"""
