"""What a model wrote is text, wherever it stands."""

from __future__ import annotations

import json
import re
import shutil

import cases
import pytest

from eg_cfg.reports import write_report
from eg_cfg.reports.packing import embedded, pack

pytestmark = pytest.mark.xdist_group("reports")  # one worker makes the runs


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory):
    """Attacks as ids, programs, prompts, errors, models and notes."""
    root = tmp_path_factory.mktemp("hostile") / "run<script>window.hacked=4<"
    cases.evaluation(root / "a", {f"task{cases.ATTACK}": ["passed", "exception"], "b": ["wrong_answer", "passed"]},
                     programs={(f"task{cases.ATTACK}", 1): cases.ATTACK, ("b", 0): f"def f():\n    '{cases.ATTACK}"},
                     prompt=f"def f(x):\n{cases.ATTACK}", detail=f"Error: {cases.ATTACK}", model=f"m{cases.ATTACK}")
    cases.ablation(root / "b")
    file = root / "b" / "ablation_results.json"
    results = json.loads(file.read_text())
    results["notes"] = [cases.ATTACK]
    results["studies"]["btp"]["arms"][0]["what"] = results["studies"]["btp"]["arms"][2]["name"] = cases.ATTACK
    cases.write_json(file, results)
    return write_report(root)


def test_the_page_holds_one_script_and_no_markup_of_others(hostile) -> None:
    page = hostile.html.read_text()
    opened = re.findall(r"<script[^>]*>", page)
    assert [one for one in opened if "type=" not in one] == ["<script>"]
    assert all(re.fullmatch(r'<script type="(application/json|text/plain)" id="[a-z0-9-]+">', one)
               for one in opened if "type=" in one)
    assert len(opened) == page.count("</script>")
    assert "<img" not in page
    assert "&lt;img" in page


def test_nothing_is_fetched_and_only_the_own_script_may_run(hostile) -> None:
    page = hostile.html.read_text()
    assert "default-src 'none'; script-src 'sha256-" in page
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#)""", page)
    assert not re.findall(r"@import|url\((?!#)", page)
    assert "http" not in re.sub(r"http-equiv|&lt;.*?&gt;", "", page).replace("window.hacked", "")


def test_records_in_the_page_end_no_element() -> None:
    text = embedded({"a": cases.ATTACK, "b": ["<!--", "]]>", "\ud800"]})
    assert not set("<>&\u2028") & set(text)
    [piece] = pack([{"program": cases.ATTACK}]).pieces
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", piece)


def test_lone_surrogates_and_control_characters_are_written(tmp_path) -> None:
    cases.evaluation(tmp_path, {"a\x1b[2J": ["exception", "passed"]}, detail="bad \ud800 \x00 \x1b[31m",
                     programs={("a\x1b[2J", 0): "x = '\ud800\x00'"})
    written = write_report(tmp_path)
    for file in (written.html, written.text, *written.tables, *written.figures):
        file.read_text(encoding="utf-8")
    assert "\x1b" not in written.text.read_text()


@pytest.mark.parametrize("name", ["../outside", "/etc", "..", ""])
def test_a_trial_or_a_steps_file_elsewhere_is_not_read(guided, tmp_path, name) -> None:
    shutil.copytree(guided, tmp_path / "run")
    [file] = (tmp_path / "run").rglob("guide_results.json")
    results = json.loads(file.read_text())
    for row in results["rows"]:
        row["trial"] = name
    file.write_text(json.dumps(results))
    page = write_report(tmp_path / "run").html.read_text()
    assert "-steps-index" not in page


def test_hostile_text_stays_text_in_a_browser(hostile, browser) -> None:
    page = browser.open(hostile.html)
    page.run("document.querySelector('.browser').scrollIntoView()")
    page.wait("document.querySelectorAll('.list button').length > 0")
    for number in range(page.run("document.querySelectorAll('.list button').length")):
        page.run(f"document.querySelectorAll('.list button')[{number}].click()")
        page.wait("document.querySelectorAll('.detail pre').length > 0")
        for chip in range(2):
            page.run(f"document.querySelectorAll('.detail .chips button')[{chip}].click()")
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.run("window.hacked") is None
    assert page.run("document.querySelectorAll('img').length") == 0
    assert page.run("[...document.querySelectorAll('pre')].some((one) => one.textContent.includes('</script><sc'))")
    assert page.errors == []
