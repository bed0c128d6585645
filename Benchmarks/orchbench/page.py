"""The last table, kept in docs/performance.md."""
from __future__ import annotations

from .place import ROOT

BEGIN, END = "<!-- table: Benchmarks/run --write -->\n", "<!-- end of table -->\n"


def keep(text: str) -> None:
    """Puts a table between the two marks of the page."""
    path = ROOT / "docs" / "performance.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n```\n{text}```\n\n{END}{after}", encoding="utf-8")
