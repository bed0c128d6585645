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
    """Figures that belong side by side; the others are read against the reference."""

    section: str
    title: str
    unit: str
    more_is_better: bool = False
    #: The subject that the others are read against: the first one where not named, nobody where "".
    reference: str | None = None
    figures: list[Figure] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, subject: str, values: list[float], note: str = "") -> None:
        if values:
            self.figures.append(Figure(subject, values, note))

    def standard(self) -> Figure | None:
        """The figure that the others are read against."""
        if self.reference is None:
            return self.figures[0] if self.figures else None
        return next((figure for figure in self.figures if figure.subject == self.reference), None)


@dataclass
class Budget:
    """A promise of the design, and what came of it: measured values against a limit."""

    promise: str
    values: list[float]
    limit: float
    unit: str = "×"
    at_least: bool = False
    #: Others took the processors while it was measured.
    disturbed: bool = False

    def verdict(self) -> str:
        if not self.values:
            return "not here"
        if self.disturbed:
            return "no verdict: not quiet"
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
    #: Sections before which others were seen to take the processors, and which share.
    disturbed: dict[str, float] = field(default_factory=dict)

    def compare(self, section: str, title: str, unit: str, more_is_better: bool = False,
                reference: str | None = None) -> Comparison:
        comparison = Comparison(section, title, unit, more_is_better, reference)
        self.comparisons.append(comparison)
        return comparison

    def budget(self, promise: str, values: list[float], limit: float, unit: str = "×", at_least: bool = False) -> None:
        self.budgets.append(Budget(promise, values, limit, unit, at_least))

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Report:
        data = json.loads(path.read_text(encoding="utf-8"))
        comparisons = [Comparison(**{**item, "figures": [Figure(**f) for f in item["figures"]]}) for item in data["comparisons"]]
        return cls(data["machine"], comparisons, [Budget(**item) for item in data["budgets"]], data["absent"], data["disturbed"])
