"""A report as text: a table for each comparison, with a bar for each figure, and the budgets."""
from __future__ import annotations

from . import stats
from .report import Comparison, Figure, Report

BAR = 24


def number(value: float) -> str:
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}"


def columns(rows: list[list[str]], right: set[int]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.rjust(width) if i in right else cell.ljust(width)
                      for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


def against(figure: Figure, reference: Figure | None) -> str:
    """How the figure stands to the reference, in words; nothing where the rounds do not agree on who is ahead."""
    if reference is None or figure is reference:
        return ""
    values = stats.ratios(figure.values, reference.values)
    if not values:
        return ""
    middle = stats.median(values)
    if len(values) > 1 and not stats.differ(values):
        return f"{middle:.2f} ×, no verdict"
    return f"{middle:.2f} ×" if middle < 100 else f"{middle:.0f} ×"


def comparison_lines(comparison: Comparison) -> list[str]:
    unit = comparison.unit + (", more is better" if comparison.more_is_better else "")
    lines = [f"{comparison.title}  [{unit}]"]
    if comparison.figures:
        largest = max(stats.median(figure.values) for figure in comparison.figures)
        reference = comparison.standard()
        rows = []
        for figure in comparison.figures:
            middle = stats.median(figure.values)
            length = round(BAR * middle / largest) if largest > 0 else 0
            around = f"± {stats.spread(figure.values) * 100:.0f} %" if len(figure.values) > 1 else ""
            rows.append([figure.subject, number(middle), around, against(figure, reference),
                         "█" * length or "▏", figure.note])
        lines += ["  " + line for line in columns(rows, {1, 2, 3})]
    lines += [f"  {name}: {why}" for name, why in comparison.missing.items()]
    return lines


def budget_lines(report: Report) -> list[str]:
    if not report.budgets:
        return []
    rows = [["budget", "", "limit", "measured", "spread", "verdict"]]
    for budget in report.budgets:
        rows.append([
            budget.promise, "≥" if budget.at_least else "≤", f"{number(budget.limit)} {budget.unit}",
            number(stats.median(budget.values)) if budget.values else "–",
            f"± {stats.spread(budget.values) * 100:.0f} %" if len(budget.values) > 1 else "", budget.verdict()])
    return columns(rows, {2, 3, 4})


def text(report: Report) -> str:
    lines = [f"{key}: {value}" for key, value in report.machine.items()]
    section = ""
    for comparison in report.comparisons:
        if comparison.section != section:
            section = comparison.section
            lines += ["", f"== {section} =="]
        lines += [""] + comparison_lines(comparison)
    lines += ["", "== Budgets ==", ""] + budget_lines(report)
    if report.absent:
        lines += ["", "NOT MEASURED, because it could not be installed or does not run here:"]
        lines += [f"  {name}: {why}" for name, why in report.absent.items()]
    if report.disturbed:
        lines += ["", "NOT QUIET: others took the processors, before the sections"]
        lines += [f"  {name}: {busy * 100:.0f} %" for name, busy in report.disturbed.items()]
    return "\n".join(lines) + "\n"


def changes(old: Report, new: Report) -> str:
    """What is different from an older result: only figures of which the middle halves do not overlap."""
    before = {(c.section, c.title, f.subject): f for c in old.comparisons for f in c.figures}
    rows = []
    for comparison in new.comparisons:
        for figure in comparison.figures:
            past = before.get((comparison.section, comparison.title, figure.subject))
            if past is None or not stats.median(past.values):
                continue
            (low, high), (past_low, past_high) = stats.quartiles(figure.values), stats.quartiles(past.values)
            if low > past_high or high < past_low:
                factor = stats.median(figure.values) / stats.median(past.values)
                judgement = "better" if (factor > 1) == comparison.more_is_better else "worse"
                rows.append([comparison.section, comparison.title, figure.subject, f"{factor:.2f} ×", judgement])
    return "\n".join(columns(rows, {3})) + "\n" if rows else "nothing that the spread does not cover\n"
