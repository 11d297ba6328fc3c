"""Prompts: one Jinja template per model family and task, and the settings that go with each benchmark.

    prompt = render(problem, family="starcoder", kind="completion")
    settings = settings_for("humaneval", kind="completion")      # temperature, stop strings, token limit
    problem = with_header(problem, family="embedded")            # for models that write function bodies only
"""

from eg_cfg.models.prompts.headers import with_header
from eg_cfg.models.prompts.rendering import (
    KINDS,
    Kind,
    Task,
    add_kind,
    default_kind,
    render,
    render_template,
    task_of,
    template_of,
)
from eg_cfg.models.prompts.settings import Settings, add_settings, settings_for

__all__ = ["KINDS", "Kind", "Settings", "Task", "add_kind", "add_settings", "default_kind", "render", "render_template",
           "settings_for", "task_of", "template_of", "with_header"]
