"""The benchmark of orchd: what is measured, against whom, and how it is judged. Python's standard library only."""
