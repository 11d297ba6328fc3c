"""Drawings as SVG text: axes, lines, bars, intervals. Vector, small, and legible without colour.

    plot = Plot("p2value", x=Scale(0, 1, "P2Value"), y=Scale(0, 0.4, "share"))
    plot.line([(0, 0.1), (1, 0.3)], 0, "buffer")
    plot.svg()

Series differ in colour (Okabe and Ito's, which colour-blind people can tell apart), in dashes, in markers and in
hatching. Colours are classes, so that a page sets them for light and dark; `standalone` adds a style of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from eg_cfg.reports.cells import cut, printable

WIDTH, HEIGHT = 460, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 10, 42
SERIES = 7
_WORDS = 120
"""Characters of a text in a drawing."""
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555")
_DASHES = ("", "6 3", "2 3", "9 3 2 3", "1 4", "12 4", "4 2 1 2")
_HATCHES = (
    "", '<path d="M0 6L6 0M-1 1L1 -1M5 7L7 5"/>', '<path d="M0 3H6"/>', '<path d="M3 0V6"/>',
    '<path d="M0 0L6 6M-1 5L1 7M5 -1L7 1"/>', '<path d="M0 3H6M3 0V6"/>', '<circle cx="3" cy="3" r="1.2"/>')


def escaped(text: str) -> str:
    """Text within SVG or HTML, as far as it can be read there."""
    return escape(printable(cut(text, _WORDS)), quote=True)


def fmt(value: float) -> str:
    """A coordinate."""
    return f"{value:.1f}".rstrip("0").rstrip(".") if value else "0"


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis, or a logarithmic one."""

    low: float
    high: float
    title: str
    percent: bool = False
    ticks: tuple[tuple[float, str], ...] | None = None
    """Places and words; chosen where none are given."""
    log: bool = False

    def at(self, value: float) -> float:
        """Its place in [0, 1]."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log10(max(value, low)), math.log10(low), math.log10(high)
        return (value - low) / (high - low) if high > low else 0.5

    def marks(self, wanted: int = 5) -> Sequence[tuple[float, str]]:
        """Ticks at round numbers."""
        if self.ticks is not None:
            return self.ticks
        if self.log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            factors = (1, 2, 5) if self.high / self.low < 500 else (1,)
            places = [factor * 10.0**power for power in powers for factor in factors]
            return [(place, self.text(place)) for place in places if self.low <= place <= self.high]
        span = self.high - self.low
        if span <= 0:
            return [(self.low, self.text(self.low))]
        rough = span / wanted
        base = 10.0 ** math.floor(math.log10(rough))
        step = next(base * factor for factor in (1, 2, 2.5, 5, 10) if base * factor >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        count = math.floor(self.high / step + 1e-9)
        return [(step * place, self.text(step * place)) for place in range(first, count + 1)]

    def text(self, value: float) -> str:
        """A tick's words."""
        value = 100 * value if self.percent else value
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


class Plot:
    """Axes, what is drawn in them, and a legend above.

    Args:
        title: What a reader who cannot see it is told.
        x: The horizontal axis.
        y: The vertical axis.
        size: Width and height, without the legend.
        left: Space for the vertical axis' words.
        grid: Which axes have lines across.
    """

    def __init__(self, title: str, x: Scale, y: Scale, *, size: tuple[int, int] = (WIDTH, HEIGHT), left: int = _LEFT,
                 grid: str = "y") -> None:
        self.title, self.x, self.y = title, x, y
        self.width, self.height = size
        self._left, self._grid = left, grid
        self._shapes: list[str] = []
        self._legend: list[tuple[str, str]] = []

    def px(self, value: float) -> float:
        """Horizontal place of a value."""
        return self._left + self.x.at(value) * (self.width - self._left - _RIGHT)

    def py(self, value: float) -> float:
        """Vertical place of a value."""
        return self.height - _BOTTOM - self.y.at(value) * (self.height - _TOP - _BOTTOM)

    def add(self, shape: str) -> None:
        """Any SVG."""
        self._shapes.append(shape)

    def tip(self, shape: str, words: str) -> None:
        """A shape that says something when it is pointed at."""
        self._shapes.append(f"<g>{shape}<title>{escaped(words)}</title></g>")

    def band(self, points: Sequence[tuple[float, float, float]], series: int) -> None:
        """An area between x, low and high."""
        upper = [f"{fmt(self.px(x))} {fmt(self.py(high))}" for x, _, high in points]
        lower = [f"{fmt(self.px(x))} {fmt(self.py(low))}" for x, low, _ in reversed(points)]
        self.add(f'<path class="band f{series % SERIES}" d="M{"L".join([*upper, *lower])}Z"/>')

    def line(self, points: Sequence[tuple[float, float]], series: int, name: str = "", *, markers: bool = True) -> None:
        """A line, with markers of the series at its points."""
        path = "L".join(f"{fmt(self.px(x))} {fmt(self.py(y))}" for x, y in points)
        style = f"line s{series % SERIES} d{series % SERIES}"
        self.add(f'<path class="{style}" d="M{path}"/>')
        if markers:
            for x, y in points:
                self.tip(marker(self.px(x), self.py(y), series), f"{name} {self.x.text(x)}: {self.y.text(y)}".strip())
        if name:
            sample = f'<path class="{style}" d="M0 6H22"/>' + (marker(11, 6, series) if markers else "")
            self._legend.append((sample, name))

    def point(self, x: float, y: float, series: int, name: str) -> None:
        """A marker by itself; several of one name have one entry in the legend."""
        self.tip(marker(self.px(x), self.py(y), series), f"{name}: {self.x.text(x)}, {self.y.text(y)}")
        if (entry := (marker(11, 6, series), name)) not in self._legend:
            self._legend.append(entry)

    def steps(self, edges: Sequence[float], heights: Sequence[float], series: int, name: str, *, fill: bool) -> None:
        """A histogram: filled and hatched, or its outline."""
        path = f"M{fmt(self.px(edges[0]))} {fmt(self.py(0))}"
        for right, height in zip(edges[1:], heights, strict=True):
            path += f"V{fmt(self.py(height))}H{fmt(self.px(right))}"
        path += f"V{fmt(self.py(0))}"
        style = f"line s{series % SERIES}"
        sample = bar_shape('<rect width="22" height="12"', series) if fill else \
            f'<rect width="22" height="12" class="{style}"/>'
        self.add(bar_shape(f'<path d="{path}Z"', series) if fill else f'<path class="{style}" d="{path}"/>')
        if name:
            self._legend.append((sample, name))

    def bar(self, left: float, right: float, low: float, high: float, series: int, words: str = "") -> None:
        """A bar from `left` to `right` and from `low` to `high`, all in values of the axes."""
        x, y = min(self.px(left), self.px(right)), min(self.py(low), self.py(high))
        width, height = abs(self.px(right) - self.px(left)), abs(self.py(high) - self.py(low))
        shape = f'<rect x="{fmt(x)}" y="{fmt(y)}" width="{fmt(width)}" height="{fmt(height)}"'
        self.tip(bar_shape(shape, series), words) if words else self.add(bar_shape(shape, series))

    def whisker(self, place: float, low: float, high: float, *, across: bool = False) -> None:
        """An interval: upright at x = `place`, or with `across` level at y = `place`."""
        if across:
            y, a, b = self.py(place), self.px(low), self.px(high)
            self.add(f'<path class="axis" d="M{fmt(a)} {fmt(y)}H{fmt(b)}M{fmt(a)} {fmt(y - 4)}V{fmt(y + 4)}'
                     f'M{fmt(b)} {fmt(y - 4)}V{fmt(y + 4)}"/>')
        else:
            x, a, b = self.px(place), self.py(low), self.py(high)
            self.add(f'<path class="axis" d="M{fmt(x)} {fmt(a)}V{fmt(b)}M{fmt(x - 4)} {fmt(a)}H{fmt(x + 4)}'
                     f'M{fmt(x - 4)} {fmt(b)}H{fmt(x + 4)}"/>')

    def text(self, x: float, y: float, words: str, *, anchor: str = "middle", style: str = "tick") -> None:
        """Words at a place in pixels."""
        self.add(_tick(x, y, words, anchor, style))

    def key(self, series: int, name: str) -> None:
        """A bar's entry in the legend."""
        self._legend.append((bar_shape('<rect width="22" height="12"', series), name))

    def svg(self) -> str:
        """The whole element."""
        legend, space = self._drawn_legend()
        body = f'<g transform="translate(0 {space})">{self._axes()}{"".join(self._shapes)}</g>' if space else \
            self._axes() + "".join(self._shapes)
        return (f'<svg viewBox="0 0 {self.width} {self.height + space}" width="{self.width}" '
                f'height="{self.height + space}" role="img" aria-label="{escaped(self.title)}">{legend}{body}</svg>')

    def _drawn_legend(self) -> tuple[str, int]:
        if not self._legend:
            return "", 0
        parts, x, y = [], self._left, 0
        for sample, name in self._legend:
            width = 34 + 6.8 * len(name)
            if x + width > self.width and x > self._left:
                x, y = self._left, y + 18
            parts.append(f'<g transform="translate({fmt(x)} {y + 3})">{sample}'
                         f'<text class="tick" x="27" y="10">{escaped(name)}</text></g>')
            x += round(width)
        return "".join(parts), y + 24

    def _axes(self) -> str:
        left, right, top, bottom = self._left, self.width - _RIGHT, _TOP, self.height - _BOTTOM
        parts = []
        for value, words in self.y.marks():
            y = self.py(value)
            if "y" in self._grid:
                parts.append(f'<path class="grid" d="M{left} {fmt(y)}H{right}"/>')
            parts.append(_tick(left - 6, y + 4, words, "end"))
        for value, words in self.x.marks():
            x = self.px(value)
            if "x" in self._grid:
                parts.append(f'<path class="grid" d="M{fmt(x)} {top}V{bottom}"/>')
            parts.append(_tick(x, bottom + 16, words, "middle"))
        parts.append(f'<path class="axis" d="M{left} {bottom}H{right}"/>')
        if self.x.title:
            parts.append(f'<text class="name" x="{(left + right) / 2:.0f}" y="{self.height - 6}" '
                         f'text-anchor="middle">{escaped(self.x.title)}</text>')
        if self.y.title:
            middle = (top + bottom) / 2
            parts.append(f'<text class="name" transform="translate(13 {middle:.0f}) rotate(-90)" '
                         f'text-anchor="middle">{escaped(self.y.title)}</text>')
        return "".join(parts)


def _tick(x: float, y: float, words: str, anchor: str, style: str = "tick") -> str:
    return f'<text class="{style}" x="{fmt(x)}" y="{fmt(y)}" text-anchor="{anchor}">{escaped(words)}</text>'


def bar_shape(shape: str, series: int) -> str:
    """A filled and hatched shape; `shape` is an element without its end."""
    number = series % SERIES
    hatch = f'{shape} class="hatch" fill="url(#h{number})"/>' if number else ""
    return f'{shape} class="bar f{number}"/>{hatch}'


def marker(x: float, y: float, series: int) -> str:
    """A series' marker."""
    style, size = f"marker f{series % SERIES}", 4.0
    match series % SERIES:
        case 0:
            return f'<circle class="{style}" cx="{fmt(x)}" cy="{fmt(y)}" r="{size}"/>'
        case 1:
            return f'<path class="{style}" d="M{fmt(x - 4)} {fmt(y - 4)}h8v8h-8z"/>'
        case 2:
            return f'<path class="{style}" d="M{fmt(x)} {fmt(y - 5)}l5 9h-10z"/>'
        case 3:
            return f'<path class="{style}" d="M{fmt(x)} {fmt(y - 5)}l5 5l-5 5l-5 -5z"/>'
        case 4:
            return f'<path class="{style}" d="M{fmt(x)} {fmt(y + 5)}l5 -9h-10z"/>'
        case 5:
            return f'<circle class="open s{series % SERIES}" cx="{fmt(x)}" cy="{fmt(y)}" r="{size}"/>'
    return f'<path class="open s{series % SERIES}" d="M{fmt(x - 4)} {fmt(y - 4)}l8 8m0 -8l-8 8"/>'


def definitions() -> str:
    """The hatches, once a page."""
    return "<defs>" + "".join(
        f'<pattern id="h{number}" width="6" height="6" patternUnits="userSpaceOnUse">{hatch}</pattern>'
        for number, hatch in enumerate(_HATCHES)) + "</defs>"


def standalone(svg: str) -> str:
    """The drawing as a file of its own, for light paper."""
    rules = [f".s{n}{{stroke:{colour}}}.f{n}{{fill:{colour}}}" for n, colour in enumerate(PALETTE)]
    rules += [f".d{n}{{stroke-dasharray:{dash}}}" for n, dash in enumerate(_DASHES) if dash]
    rules.append("text{font:12px Helvetica,Arial,sans-serif;fill:#222}.name{font-size:12.5px}"
                 ".line{fill:none;stroke-width:2}.open{fill:none;stroke-width:2}.band{fill-opacity:.15}"
                 ".axis{stroke:#222;fill:none}.grid{stroke:#ddd;fill:none}.bar{stroke:#222;stroke-width:.8}"
                 "pattern path{stroke:#fff;stroke-width:1.1;fill:none}pattern circle{fill:#fff}.strong{font-weight:600}"
                 ".on{fill:#0072b2}.off{fill:none;stroke:#bbb;stroke-width:.6}.inverse{fill:#fff}")
    head, _, rest = svg.partition(">")
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n{head} xmlns="http://www.w3.org/2000/svg">'
            f"<style>{''.join(rules)}</style>{definitions()}{rest}\n")


def style() -> str:
    """Rules of the dashes, for the page."""
    return "".join(f".d{n}{{stroke-dasharray:{dash}}}" for n, dash in enumerate(_DASHES) if dash)
