"""The kinds of figure that reports have, from plain numbers.

    curves("pass@k", {"before": [(1, {"value": 0.4, "low": 0.3, "high": 0.5})]}, "k", "pass@k, %")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eg_cfg.reports.svg import SERIES, WIDTH, Plot, Scale, escaped, fmt

Estimates = Sequence[tuple[float, Mapping[str, float]]]
"""Places and estimates there, shares in [0, 1]."""


def curves(title: str, series: Mapping[str, Estimates], x_title: str, y_title: str, *, log: bool = False) -> str:
    """Lines of shares with bands for their intervals."""
    places = sorted({x for points in series.values() for x, _ in points})
    few = tuple((x, f"{x:g}") for x in places) if len(places) <= 12 and not log else None
    edge = 0.04 * (places[-1] - places[0]) or 0.5
    x = Scale(places[0] if log else places[0] - edge, places[-1] if log else places[-1] + edge, x_title, ticks=few,
              log=log)
    plot = Plot(title, x, Scale(0, 1, y_title, percent=True))
    for number, points in enumerate(series.values()):
        bands = [(at, one["low"], one["high"]) for at, one in points if "low" in one and "high" in one]
        if len(bands) > 1:
            plot.band(bands, number)
    for number, (name, points) in enumerate(series.items()):
        plot.line([(at, one["value"]) for at, one in points], number, name if len(series) > 1 else "")
    return plot.svg()


def lines(title: str, series: Mapping[str, Sequence[tuple[float, float]]], x_title: str, y_title: str) -> str:
    """Lines through numbers."""
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    low, high = min(ys), max(ys)
    space = 0.06 * (high - low) or 0.5
    plot = Plot(title, Scale(min(xs), max(xs), x_title), Scale(max(0.0, low - space) if low >= 0 else low - space,
                                                               high + space, y_title))
    for number, (name, points) in enumerate(series.items()):
        plot.line(points, number, name if len(series) > 1 else "", markers=len(points) <= 30)
    return plot.svg()


def forest(title: str, rows: Sequence[tuple[str, Mapping[str, float], int]], x_title: str, *,
           zero: bool = False) -> str:
    """Estimates below one another, each with its name above its interval.

    Args:
        title: What it shows.
        rows: Name, estimate as shares, and series.
        x_title: Of the axis.
        zero: Differences: the axis is around 0, which gets a line.
    """
    values = [part for _, one, _ in rows for part in one.values()]
    if zero:
        reach = max(0.02, *(abs(value) for value in values)) * 1.08
        x = Scale(-reach, reach, x_title, percent=True)
    else:
        x = Scale(0, 1, x_title, percent=True)
    step, left = 38, 14
    plot = Plot(title, x, Scale(0, len(rows), "", ticks=()), size=(WIDTH, 56 + step * len(rows)), left=left, grid="x")
    if zero:
        plot.add(f'<path class="axis" d="M{fmt(plot.px(0))} 10V{plot.height - 42}"/>')
    for place, (name, one, series) in enumerate(rows):
        middle = len(rows) - place - 0.68
        if "low" in one and "high" in one:
            plot.whisker(middle, one["low"], one["high"], across=True)
        plot.line([(one["value"], middle)], series, "")
        words = f"{100 * one['value']:{'+' if zero else ''}.1f}"
        plot.text(left, plot.py(middle) - 13, name, anchor="start")
        plot.text(WIDTH - 12, plot.py(middle) - 13, words, anchor="end", style="tick strong")
    return plot.svg()


def bars(title: str, groups: Sequence[str], series: Mapping[str, Sequence[Mapping[str, float] | None]],
         y_title: str, *, percent: bool = True, x_title: str = "") -> str:
    """Bars side by side, with intervals where they are known."""
    tops = [one.get("high", one["value"]) for column in series.values() for one in column if one]
    top = 1.0 if percent and max(tops, default=1.0) > 0.5 else max(tops, default=1.0) * 1.05 or 1.0
    names = tuple((place + 0.5, name) for place, name in enumerate(groups))
    plot = Plot(title, Scale(0, len(groups), x_title, ticks=names), Scale(0, top, y_title, percent=percent))
    width = 0.8 / max(1, len(series))
    for number, (name, column) in enumerate(series.items()):
        for place, one in enumerate(column):
            if one is None:
                continue
            left = place + 0.1 + number * width
            words = f"{groups[place]}, {name}: {plot.y.text(one['value'])}"
            plot.bar(left, left + width * 0.94, 0, one["value"], number, words)
            if "low" in one and "high" in one:
                plot.whisker(left + width * 0.47, one["low"], one["high"])
        if len(series) > 1:
            plot.key(number, name)
    return plot.svg()


def histogram(title: str, edges: Sequence[float], series: Mapping[str, Sequence[int]], x_title: str, *,
              percent: bool = False, y_title: str = "share, %",
              ticks: tuple[tuple[float, str], ...] | None = None) -> str:
    """Distributions as shares: the first filled, the others outlined."""
    shares = {name: [count / (sum(counts) or 1) for count in counts] for name, counts in series.items()}
    top = max((share for counts in shares.values() for share in counts), default=1.0) * 1.08 or 1.0
    x = Scale(edges[0], edges[-1], x_title, percent=percent, ticks=ticks)
    plot = Plot(title, x, Scale(0, top, y_title, percent=True))
    for number, (name, heights) in enumerate(shares.items()):
        plot.steps(edges, heights, number, name, fill=number == 0)
    return plot.svg()


def bubbles(title: str, points: Mapping[tuple[float, float], int], x_title: str, y_title: str) -> str:
    """How many problems have which pair of shares; the diagonal is no change."""
    size = (WIDTH, 380)
    scale = [Scale(-0.06, 1.06, name, percent=True, ticks=tuple((t / 4, str(25 * t)) for t in range(5)))
             for name in (x_title, y_title)]
    plot = Plot(title, scale[0], scale[1], size=size, grid="xy")
    plot.add(f'<path class="axis d1" d="M{fmt(plot.px(0))} {fmt(plot.py(0))}L{fmt(plot.px(1))} {fmt(plot.py(1))}"/>')
    most = max(points.values(), default=1)
    for (x, y), count in sorted(points.items(), key=lambda item: -item[1]):
        radius = 2.5 + 13 * (count / most) ** 0.5
        series = 0 if y > x + 1e-9 else 1 if y < x - 1e-9 else 6
        place = f'cx="{fmt(plot.px(x))}" cy="{fmt(plot.py(y))}" r="{fmt(radius)}"'
        plot.tip(f'<circle class="bubble {"open s" if series == 1 else "f"}{series}" {place}/>',
                 f"{count} problems: {100 * x:.0f} % before, {100 * y:.0f} % after")
    return plot.svg()


def tiles(title: str, names: Sequence[str], solved: Sequence[Sequence[bool | None]]) -> str:
    """A row a method, a column a problem: filled where it is solved, outlined where not, nothing where not tried."""
    columns = max((len(row) for row in solved), default=0)
    step = min(14.0, 872 / max(1, columns))
    cell = max(0.8, step - (2 if step > 6 else 0.4))
    wide = max(300, round(step * columns) + 8)
    parts, y = [], 0
    for name, row in zip(names, solved, strict=True):
        count, known = sum(one is True for one in row), sum(one is not None for one in row)
        parts.append(f'<text class="tick" x="2" y="{y + 12}">{escaped(name)}, {count} of {known}</text>')
        for style, wanted in (("on", True), ("off", False)):
            path = "".join(f"M{fmt(2 + place * step)} {y + 17}h{fmt(cell)}v12h-{fmt(cell)}z"
                           for place, one in enumerate(row) if one is wanted)
            if path:
                parts.append(f'<path class="{style}" d="{path}"/>')
        y += 38
    return (f'<svg viewBox="0 0 {wide} {y}" width="{wide}" height="{y}" role="img" '
            f'aria-label="{escaped(title)}">{"".join(parts)}</svg>')


def stacked(title: str, rows: Sequence[tuple[str, Mapping[str, int]]], order: Sequence[str]) -> str:
    """What each row's whole is made of, as shares."""
    step = 44
    plot = Plot(title, Scale(0, 1, "samples, %", percent=True), Scale(0, len(rows), "", ticks=()),
                size=(WIDTH, 56 + step * len(rows)), left=14, grid="x")
    present = [name for name in order if any(counts.get(name) for _, counts in rows)]
    for place, (name, counts) in enumerate(rows):
        total = sum(counts.values()) or 1
        start, base = 0.0, len(rows) - place - 0.95
        for number, kind in enumerate(present):
            share = counts.get(kind, 0) / total
            if share:
                plot.bar(start, start + share, base, base + 0.5, number % SERIES,
                         f"{kind}: {counts[kind]} of {total}")
            start += share
        plot.text(14, plot.py(base + 0.5) - 5, name, anchor="start")
    for number, kind in enumerate(present):
        plot.key(number % SERIES, kind.replace("_", " "))
    return plot.svg()


def matrix(title: str, rows: Sequence[str], columns: Sequence[str],
           cells: Mapping[tuple[int, int], Mapping[str, float]]) -> str:
    """Differences as a matrix; a bar in each cell points right where it is a gain."""
    width, height, top = 112, 46, 26
    left = 16 + round(6.8 * max((min(20, len(name)) for name in rows), default=0))
    size = (left + width * len(columns) + 8, top + height * len(rows) + 8)
    reach = max([0.01, *(abs(one["value"]) for one in cells.values())])
    parts = [f'<text class="tick" x="{left + width * (place + 0.5):.0f}" y="16" text-anchor="middle">'
             f"{escaped(_cut(name, 16))}<title>{escaped(name)}</title></text>" for place, name in enumerate(columns)]
    for line, name in enumerate(rows):
        y = top + height * line
        parts.append(f'<text class="tick" x="{left - 8}" y="{y + height / 2 + 4:.0f}" text-anchor="end">'
                     f"{escaped(_cut(name, 20))}<title>{escaped(name)}</title></text>")
        for place in range(len(columns)):
            x = left + width * place
            parts.append(f'<rect class="off" x="{x + 2}" y="{y + 2}" width="{width - 4}" height="{height - 4}"/>')
            one = cells.get((line, place))
            if one is None:
                continue
            long = abs(one["value"]) / reach * (width / 2 - 8)
            start = x + width / 2 - (long if one["value"] < 0 else 0)
            parts.append(f'<rect class="f{0 if one["value"] >= 0 else 1}" x="{fmt(start)}" y="{y + height - 14}" '
                         f'width="{fmt(long)}" height="6"/>'
                         f'<path class="axis" d="M{x + width / 2:.0f} {y + height - 17}v12"/>'
                         f'<text class="tick strong" x="{x + width / 2:.0f}" y="{y + 20}" text-anchor="middle">'
                         f"{100 * one['value']:+.1f}</text>")
    return (f'<svg viewBox="0 0 {size[0]} {size[1]}" width="{size[0]}" height="{size[1]}" role="img" '
            f'aria-label="{escaped(title)}">{"".join(parts)}</svg>')


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def scatter(title: str, points: Sequence[tuple[object, float]], x_title: str, y_title: str) -> str:
    """Shares over a setting, which may be numbers or names; numbers that span decades are on a logarithmic axis."""
    xs = [x for x, _ in points]
    if all(isinstance(x, int | float) and not isinstance(x, bool) for x in xs):
        values = [float(x) for x in xs if isinstance(x, int | float)]
        log = min(values) > 0 and max(values) / min(values) >= 30
        edge = 0.05 * (max(values) - min(values)) or 0.5
        different = sorted(set(values))
        ticks = tuple((x, f"{x:g}") for x in different) if len(different) <= 6 and not log else None
        x = Scale(min(values) / 1.15, max(values) * 1.15, x_title, log=True) if log else \
            Scale(min(values) - edge, max(values) + edge, x_title, ticks=ticks)
    else:
        names = list(dict.fromkeys(map(str, xs)))
        values = [float(names.index(str(one))) for one in xs]
        x = Scale(-0.5, len(names) - 0.5, x_title, ticks=tuple((float(i), name) for i, name in enumerate(names)))
    shares = [value for _, value in points]
    space = 0.15 * (max(shares) - min(shares)) or 0.02
    y = Scale(max(0.0, min(shares) - space), min(1.0, max(shares) + space), y_title, percent=True)
    plot = Plot(title, x, y, size=(300, 230))
    for place, value in zip(values, shares, strict=True):
        plot.line([(place, value)], 0, "")
    return plot.svg()


def ranked(title: str, shares: Mapping[str, float], x_title: str) -> str:
    """A level bar a name, the longest on top."""
    rows = sorted(shares.items(), key=lambda row: -row[1])
    step = 34
    top = max(shares.values(), default=1.0) * 1.05 or 1.0
    plot = Plot(title, Scale(0, top, x_title, percent=True), Scale(0, len(rows), "", ticks=()),
                size=(WIDTH, 56 + step * len(rows)), left=14, grid="x")
    for place, (name, share) in enumerate(rows):
        base = len(rows) - place - 0.95
        plot.bar(0, share, base, base + 0.36, 0, f"{name}: {100 * share:.1f} %")
        plot.text(14, plot.py(base + 0.36) - 5, name, anchor="start")
    return plot.svg()


def spent(title: str, points: Sequence[tuple[str, str, int, float, Mapping[str, float]]], x_title: str,
          y_title: str) -> str:
    """What was reached over what it cost, on a logarithmic axis.

    Args:
        title: What it shows.
        points: Name in the legend, words beside the marker, series, cost, and estimate as shares.
        x_title: Of the cost.
        y_title: Of the shares.
    """
    costs = [cost for *_, cost, _ in points]
    x = Scale(min(costs) / 1.6, max(costs) * 1.6, x_title, log=True)
    plot = Plot(title, x, Scale(0, 1, y_title, percent=True))
    for _, _, _, cost, one in points:
        if "low" in one and "high" in one:
            plot.whisker(cost, one["low"], one["high"])
    for name, beside, series, cost, one in points:
        plot.point(cost, one["value"], series, name)
        if beside:
            plot.text(plot.px(cost) + 9, plot.py(one["value"]) + 4, beside, anchor="start")
    return plot.svg()
