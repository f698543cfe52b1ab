"""What one system has over another, in words, from the paired differences of a report."""

from persllm.training.evaluation.measures import MEASURES
from persllm.training.evaluation.report import PersonaRow


def what_is_added(persona: PersonaRow, leading: str, baseline: str) -> str:
    """Say in one line what the leading system adds to the baseline, also when it is nothing.

    Empty where one of the two was not asked.
    """
    if leading not in persona.systems or baseline not in persona.systems:
        return ""
    behind = persona.systems[baseline].behind
    rows = {m.title: behind[m.name] for m in MEASURES.values() if m.gained and m.name in behind}
    told = [
        f"{title} {row.figure.value * 100:+.0f} points "
        f"({row.figure.low * 100:+.0f} to {row.figure.high * 100:+.0f})"
        for title, row in rows.items()
        if row.apart
    ]
    rest = [title for title, row in rows.items() if not row.apart]
    found = ", ".join(told) or "nothing that can be told from chance"
    same = f"; not to be told from chance: {', '.join(rest)}" if told and rest else ""
    return f"{leading} against {baseline}: {found}{same}."


def advantages(persona: PersonaRow, leading: str, against: str) -> list[str]:
    """Say, measure by measure, whether the leading system is better than another."""
    if leading not in persona.systems or against not in persona.systems:
        return []
    lines = []
    for measure in MEASURES.values():
        row = persona.systems[against].behind.get(measure.name)
        if row is None or not measure.gained:
            continue
        how = "higher" if row.figure.value > 0 else "lower" if row.figure.value < 0 else "equal"
        told = "intervals overlap" if row.overlap else "intervals do not overlap"
        paired = "paired difference is not 0" if row.apart else "paired difference may be 0"
        lines.append(
            f"{measure.title}: {how} by {abs(row.figure.value):.0%} "
            f"({row.figure.low:+.0%} to {row.figure.high:+.0%}, n {row.figure.n}); {told}, {paired}"
        )
    return lines
