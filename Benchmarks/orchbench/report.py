"""What was measured, in the form in which it is kept, compared and printed."""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import stats


@dataclass
class Figure:
    """One subject's values in one comparison, a value for each round."""

    subject: str
    values: list[float]
    note: str = ""


@dataclass
class Comparison:
    """The same work done by several. The first figure is orchd's, and the others are read against it."""

    section: str
    title: str
    unit: str
    more_is_better: bool = False
    figures: list[Figure] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, subject: str, values: list[float], note: str = "") -> None:
        if values:
            self.figures.append(Figure(subject, values, note))

    def values(self, subject: str) -> list[float]:
        return next((figure.values for figure in self.figures if figure.subject == subject), [])


@dataclass
class Budget:
    """A promise of the design, and what came of it: measured values against a limit."""

    promise: str
    values: list[float]
    limit: float
    unit: str = "×"
    at_least: bool = False
    missing: str = ""

    def verdict(self) -> str:
        if not self.values:
            return "not here" if not self.missing else f"not here: {self.missing}"
        middle = stats.median(self.values)
        if len(self.values) > 1 and not stats.differ(self.values, self.limit):
            return "no verdict"
        if (middle >= self.limit) if self.at_least else (middle <= self.limit):
            return "met"
        by = self.limit / middle if self.at_least and middle else middle / self.limit if self.limit else middle
        return f"missed by {by:.2f} ×" if self.limit else f"missed by {middle:.4g} {self.unit}"


@dataclass
class Report:
    machine: dict[str, str] = field(default_factory=dict)
    comparisons: list[Comparison] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)
    #: Peers that could not be had, and why.
    absent: dict[str, str] = field(default_factory=dict)

    def compare(self, section: str, title: str, unit: str, more_is_better: bool = False) -> Comparison:
        comparison = Comparison(section, title, unit, more_is_better)
        self.comparisons.append(comparison)
        return comparison

    def budget(self, promise: str, values: list[float], limit: float, unit: str = "×", at_least: bool = False,
               missing: str = "") -> None:
        self.budgets.append(Budget(promise, values, limit, unit, at_least, missing))

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Report:
        data = json.loads(path.read_text(encoding="utf-8"))
        comparisons = [Comparison(**{**item, "figures": [Figure(**f) for f in item["figures"]]}) for item in data["comparisons"]]
        return cls(data["machine"], comparisons, [Budget(**item) for item in data["budgets"]], data["absent"])
