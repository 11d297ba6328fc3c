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


def test_unseen_characters_are_named(tmp_path, browser) -> None:
    turned = "a\N{RIGHT-TO-LEFT OVERRIDE}b"
    program = "user = 'x\N{RIGHT-TO-LEFT OVERRIDE} \N{LEFT-TO-RIGHT ISOLATE}# admin'\n\ud800\x00"
    cases.evaluation(tmp_path, {turned: ["exception", "passed"]}, programs={(turned, 0): program}, model=turned,
                     detail=f"Error: {turned}")
    page = browser.open(write_report(tmp_path).html)
    page.run("document.querySelector('.browser').scrollIntoView()")
    page.wait("document.querySelectorAll('.list button').length === 1")
    page.run("document.querySelector('.list button').click()")
    page.wait("document.querySelectorAll('.detail .chips button').length === 2")
    page.run("document.querySelectorAll('.detail .chips button')[0].click()")
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert "x⟨U+202E⟩ ⟨U+2066⟩# admin'\n⟨U+D800⟩⟨U+0000⟩" in page.run("document.querySelector('.detail').textContent")
    assert "x⟨U+202E⟩ ⟨U+2066⟩# admin" in page.run("document.querySelector('.examples pre').textContent")
    text = page.run("document.body.textContent + document.title")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert page.errors == []


def test_outcomes_with_names_of_the_language_are_words(tmp_path, browser) -> None:
    names = ["__proto__", "constructor", "toString"]
    cases.evaluation(tmp_path, dict.fromkeys(names, names))
    page = browser.open(write_report(tmp_path).html)
    page.run("document.querySelector('.browser').scrollIntoView()")
    page.wait("document.querySelectorAll('.list button').length === 3")
    page.run("document.querySelectorAll('.list button')[1].click()")
    page.wait("document.querySelectorAll('.detail .chips button').length === 3")
    assert page.run("[...document.querySelectorAll('.detail .chips button')].map((one) => one.title)") == [
        "  proto  ", "constructor", "toString"]
    assert page.errors == []


@pytest.mark.parametrize("change", [{"line": "x"}, {"candidates": [{"duplicate_of": "__proto__"}, {"duplicate_of": 9}]},
                                    {"tokens": [{"text": 7, "plain": "x", "top": [1, {"plain": 1e999}]}]},
                                    {"tokens": None, "candidates": 3, "signal": ["x"]},
                                    {"candidates": [{"trace": {"program": "f", "tests": [
                                        {"events": [{"line": 1, "changes": [["__proto__", 2], 3], "kind": {}}],
                                         "error_line": "x", "test": None, "outcome": {"a": 1}}]}}]}])
def test_steps_of_any_shape_are_shown(tmp_path, browser, change) -> None:
    cases.write_json(tmp_path / "guide_results.json", {"model": "m", "rows": [
        {"method": "guided", "trial": "t", "gamma": 1.0, "share": {"value": 1.0}, "problems": 1}]})
    cases.write_json(tmp_path / "t" / "task_id=a_gamma=1.0.json", {"task_id": "a", "gamma": 1.0, "passed": True,
                                                                   "code": "x = 1", "steps": "a.json"})
    refresh = {"line": 0, "signal": "s", "candidates": [], "tokens": [{"text": "x", "plain": -1, "guided": -2}]}
    cases.write_json(tmp_path / "t" / "a.json", {"refreshes": [{**refresh, **change}, refresh], "program": ["x"]})
    page = browser.open(write_report(tmp_path).html)
    page.run("document.querySelector('.viewer').scrollIntoView()")
    page.wait("document.querySelector('.viewer .where')?.textContent.includes('signal 1 of 2')")
    page.run("document.querySelectorAll('.viewer .chips button').forEach((one) => one.click())")
    page.press("ArrowRight")
    assert "signal 2 of 2" in page.run("document.querySelector('.viewer .where').textContent")
    assert page.errors == []


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
