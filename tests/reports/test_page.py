"""The page in a browser: it loads in silence, its tables sort and filter, its problems open, its viewer steps."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import cases
import pytest
from browser import Browser, Page

from eg_cfg.reports import write_report

pytestmark = pytest.mark.xdist_group("reports")  # one worker makes the runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation with a table long enough to be filtered, and studies."""
    root = tmp_path_factory.mktemp("page") / "experiment"
    outcomes = {f"task/{number}": ["passed"] * (number % 4) + ["exception", "wrong_answer", "timeout"][: 3 - number % 4]
                for number in range(12)}
    outcomes = {task: found[:3] for task, found in outcomes.items()}
    cases.evaluation(root / "step1_baseline", outcomes, detail="ValueError: no")
    cases.ablation(root / "step3_ablation")
    cases.hyperparameters(root / "step4_hyperparameter")
    cases.transfer(root / "step5_big_to_small")
    write_report(root)
    return root


@pytest.fixture
def page(folder: Path, browser: Browser) -> Page:
    return browser.open(folder / "report.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_loads_without_an_error_and_fits(folder, browser, scheme, width) -> None:
    page = browser.open(folder / "report.html", scheme=scheme, width=width, mobile=width < 500)
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.run("window.scrollTo(0, document.body.scrollHeight)")
    time.sleep(0.2)
    assert page.errors == []
    assert page.requests == [(folder / "report.html").resolve().as_uri()]
    assert page.run("document.documentElement.scrollWidth") <= width
    background = page.run("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, background.removeprefix("rgb(").rstrip(")").split(","))) > 380) == (scheme == "light")


WIDE = """[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth + 1)
    .map((one) => one.closest('.block, details').textContent.slice(0, 40))"""


def test_no_table_scrolls_on_a_small_laptop(folder, guided, browser) -> None:
    for place in (folder, guided):
        page = browser.open(write_report(place).html, height=800)
        page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.run("document.querySelectorAll('.scroll').length") > 1
        assert page.run(WIDE) == []


def test_on_a_phone_the_first_column_stays(folder, browser) -> None:
    page = browser.open(folder / "report.html", width=400, height=800, mobile=True)
    left = f"{TABLE}.querySelector('td').getBoundingClientRect().left"
    before = page.run(left)
    page.run(f"{TABLE}.querySelector('.scroll').scrollLeft = 200")
    assert page.run(f"{TABLE}.querySelector('.scroll').scrollLeft") == 200
    assert page.run(left) == before
    assert page.run(f"{TABLE}.querySelectorAll('td')[1].getBoundingClientRect().left") < before


def test_the_switch_changes_the_theme(page) -> None:
    def background() -> str:
        return str(page.run("getComputedStyle(document.body).backgroundColor"))

    before = background()
    page.run("document.getElementById('theme').click()")
    assert background() == before
    page.run("document.getElementById('theme').click()")
    assert background() != before
    assert page.run("document.getElementById('theme').textContent") == "theme: dark"


TABLE = "[...document.querySelectorAll('h3')].find((one) => one.textContent === 'BTP: arms').parentElement"


def column(page: Page, number: int, where: str = TABLE) -> list[str]:
    return list(page.run(f"[...{where}.querySelector('tbody').rows].filter((row) => !row.hidden)"
                         f".map((row) => row.cells[{number}].textContent.trim())"))


def test_tables_sort_by_value_with_unknown_last(page) -> None:
    assert column(page, 0) == ["none", "full", "uniform", "broken"]
    click = f"{TABLE}.querySelectorAll('th button')[1].click()"
    page.run(click)
    assert column(page, 0) == ["full", "uniform", "none", "broken"]
    assert page.run(f"{TABLE}.querySelectorAll('th')[1].getAttribute('aria-sort')") == "descending"
    page.run(click)
    assert column(page, 0) == ["none", "uniform", "full", "broken"]
    page.run(f"{TABLE}.querySelectorAll('th button')[0].click()")
    assert column(page, 0) == ["broken", "full", "none", "uniform"]


def test_long_tables_filter(folder, browser, evaluated) -> None:
    root = folder.parent / "many"
    for number in range(10):
        cases.evaluation(root / f"run{number}", {"a": ["passed", "timeout"]}, model=f"model{number}")
    page = browser.open(write_report(root).html)
    where = "document.getElementById('results')"
    assert len(column(page, 0, where)) == 10
    page.run(f"(() => {{ const one = {where}.querySelector('.filter'); one.value = 'MODEL7'; "
             "one.dispatchEvent(new Event('input')); })()")
    assert column(page, 1, where) == ["model7"]


def test_problems_open_filter_and_sort(page) -> None:
    page.run("document.querySelector('.browser').scrollIntoView()")
    page.wait("document.querySelectorAll('.list li').length === 12")
    page.run("document.querySelectorAll('.list button')[1].click()")
    page.wait("document.querySelectorAll('.detail .chips button').length === 3")
    assert page.run("document.querySelector('.detail h4').textContent") == "task/1"
    assert page.run("document.querySelector('.detail .outcome').textContent") == "passed"
    coloured = page.run("[...document.querySelectorAll('.detail pre .kw')].map((one) => one.textContent)")
    assert (coloured[0], coloured[-1]) == ("def", "return")
    page.run("document.querySelectorAll('.detail .chips button')[1].click()")
    assert page.run("document.querySelector('.detail .outcome').textContent") == "exception"
    assert "ValueError: no" in page.run("document.querySelector('.detail .tests').textContent")

    def choose(label: str, value: str) -> list[str]:
        page.run(f"(() => {{ const one = document.querySelector('.browser [aria-label=\"{label}\"]'); "
                 f"one.value = '{value}'; one.dispatchEvent(new Event('change')); "
                 "one.dispatchEvent(new Event('input')); })()")
        return list(page.run("[...document.querySelectorAll('.list button')].map((one) => one.firstChild.textContent)"))

    assert choose("solved", "all") == ["task/3", "task/7", "task/11"]
    assert choose("solved", "none") == ["task/0", "task/4", "task/8"]
    assert choose("outcome", "t") == ["task/0", "task/4", "task/8"]
    assert choose("search problems", "/8") == ["task/8"]
    choose("search problems", "")
    choose("outcome", "")
    assert choose("solved", "") == [f"task/{number}" for number in range(12)]
    assert choose("order", "most")[:3] == ["task/3", "task/7", "task/11"]
    assert page.errors == []


def test_the_viewer_steps_by_button_and_by_key(guided, browser) -> None:
    page = browser.open(write_report(guided).html)
    page.run("document.querySelector('.viewer').scrollIntoView()")
    page.wait("document.querySelectorAll('.viewer .tok').length > 0")

    def where() -> str:
        return str(page.run("document.querySelector('.viewer .where').textContent"))

    def token() -> str:
        return str(page.run("document.querySelector('.viewer h4 + .scroll').previousSibling.textContent"))

    first = where()
    assert "signal 1 of" in first
    page.run("document.querySelectorAll('.viewer .move')[1].click()")
    assert "signal 2 of" in where()
    page.press("ArrowRight")
    assert "signal 3 of" in where()
    page.press("ArrowLeft")
    page.press("ArrowLeft")
    page.press("ArrowLeft")
    assert where() == first
    before = token()
    page.press("ArrowRight", shift=True)
    if before == token():
        page.press("ArrowLeft", shift=True)
    assert token() != before
    assert where() == first
    assert page.run("document.querySelector('.viewer .run').children.length") > 1
    assert page.run("document.querySelectorAll('.viewer .odds tbody tr').length") >= 2
    shown = page.run("document.querySelector('.viewer .odds tbody tr').textContent")
    assert shown.count("%") == 3
    page.run("(() => { const one = document.querySelector('.viewer select'); one.value = '1'; "
             "one.dispatchEvent(new Event('change')); })()")
    page.wait("document.querySelector('.viewer .where').textContent.includes('signal 1 of')")
    assert page.errors == []


def test_the_chosen_token_is_in_sight(guided, browser) -> None:
    page = browser.open(write_report(guided).html, width=400, height=800, mobile=True)
    page.run("document.querySelector('.viewer').scrollIntoView()")
    page.wait("document.querySelectorAll('.viewer .tok').length > 0")
    for _ in range(40):
        page.press("ArrowRight", shift=True)
    where = page.run("""(() => { const pre = document.querySelector('.writing').getBoundingClientRect();
        const one = document.querySelector('.chosen').getBoundingClientRect();
        return [one.left - pre.left, pre.right - one.right]; })()""")
    assert min(where) >= 0


def test_keys_are_left_to_fields(guided, browser) -> None:
    page = browser.open(write_report(guided).html)
    page.run("document.querySelector('.viewer').scrollIntoView()")
    page.wait("document.querySelectorAll('.viewer .tok').length > 0")
    page.run("document.querySelector('.viewer select').focus()")
    before = page.run("document.querySelector('.viewer .where').textContent")
    page.press("ArrowRight")
    assert page.run("document.querySelector('.viewer .where').textContent") == before or \
        page.run("document.querySelector('.viewer select').value") == "1"


def test_it_prints(folder, page, tmp_path) -> None:
    page.pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.slow
def test_a_report_on_five_thousand_programs_is_small_and_opens_at_once(tmp_path, browser) -> None:
    cases.large(tmp_path)
    began = time.monotonic()
    written = write_report(tmp_path)
    made = time.monotonic() - began
    size = written.html.stat().st_size / 1e6
    assert size < 15
    times = []
    for _ in range(3):
        page = browser.open(written.html)
        times.append(page.run("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000)
    page.run("document.querySelector('.browser').scrollIntoView()")
    page.wait("document.querySelectorAll('.list li').length === 500")
    began = time.monotonic()
    page.run("document.querySelectorAll('.list button')[421].click()")
    page.wait("document.querySelector('.detail h4')?.textContent === 'mbpp/421'")
    opened = time.monotonic() - began
    print(f"written in {made:.1f} s, {size:.1f} MB, loaded in {median(times):.2f} s, a problem in {opened:.2f} s")
    assert median(times) < 2
    assert opened < 2
    assert page.errors == []
