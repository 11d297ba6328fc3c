"""Prompts: one Jinja template per model family and task, and the settings that go with each benchmark.

    prompt = render(problem, family="starcoder", kind="completion")
    settings = settings_for("humaneval", kind="completion")      # temperature, stop strings, token limit
"""

from eg_cfg.models.prompts.rendering import (
    KINDS,
    Kind,
    Task,
    default_kind,
    render,
    render_template,
    task_of,
    template_of,
)
from eg_cfg.models.prompts.settings import Settings, settings_for

__all__ = ["KINDS", "Kind", "Settings", "Task", "default_kind", "render", "render_template", "settings_for", "task_of",
           "template_of"]
