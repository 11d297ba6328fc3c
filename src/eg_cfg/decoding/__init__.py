"""Decoding methods: EG-CFG, execution-guided decoding.

    from eg_cfg.decoding import Guide, GuideOptions

    for solution in Guide(model, executor, GuideOptions(gammas=(0, 1))).solve(problems): ...
"""
