"""The report as one HTML page that opens offline: tables, radar, curves, answers. No scripts."""

import html
from collections.abc import Collection, Iterable, Sequence
from string import Template

from persllm.training.evaluation.comparison import advantages, what_is_added
from persllm.training.evaluation.drawing import lines, radar
from persllm.training.evaluation.drift import TONES
from persllm.training.evaluation.measures import MEASURES, Measure
from persllm.training.evaluation.report import (
    ALL,
    AnswerRow,
    DifferenceRow,
    FigureRow,
    PersonaRow,
    Report,
    SystemRow,
    VisitRow,
)

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>persllm evaluation</title>
<style>
body { font: 16px/1.5 Georgia, serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fdfcf9; }
h1, h2, h3 { line-height: 1.2; }
h2 { border-top: 2px solid #222; padding-top: .6rem; margin-top: 3rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font: 14px/1.4 system-ui, sans-serif; }
th, td { border-bottom: 1px solid #ccc; padding: .25rem .7rem; text-align: right;
  vertical-align: top; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td small { color: #666; display: block; }
.best { font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1rem; }
svg { width: 100%; max-width: 42rem; height: auto; }
.answer { border-left: 4px solid #009e73; padding: .2rem 1rem; margin: 1rem 0; }
.answer.wrong { border-color: #d55e00; }
.note, details { font: 13px/1.5 system-ui, sans-serif; color: #555; }
dt { font-weight: 600; } dd { margin: 0 0 .3rem 1rem; }
</style>
</head>
<body>
<h1>Evaluation</h1>
$added
<p class="note">$made</p>
<p class="note">Figures are means over held-out cases; below each its 95 % interval (bootstrap over
cases, seeded) and the number of cases. Train and test share no source paragraph. Best of a row is
bold; read the intervals before the means.</p>
$personas
<h2>What the measures are</h2>
<dl class="note">$measures</dl>
<p class="note">$missing</p>
</body>
</html>
""")
BEHIND = "$leading less each other system, over the same cases. * 0 lies outside the interval."


def page(report: Report) -> str:
    """Return the page."""
    order = sorted(report.personas, key=lambda id_: (id_ != ALL, id_))
    shown = {
        name for p in report.personas.values() for s in p.systems.values() for name in s.figures
    }
    made = ", ".join(f"{name}: {value}" for name, value in report.made.items())
    return PAGE.substitute(
        made=html.escape(made),
        added="".join(_added(report.personas[id_], report) for id_ in order),
        personas="".join(_persona(report.personas[id_], report) for id_ in order),
        missing=_missing(shown),
        measures="".join(
            f"<dt>{html.escape(text.title)}{_arrow(text)}</dt><dd>{html.escape(text.what)}</dd>"
            for name, text in MEASURES.items()
            if name in shown
        ),
    )


def _added(persona: PersonaRow, report: Report) -> str:
    """Return the first line: what the adapter adds."""
    told = what_is_added(persona, report.leading, report.baseline)
    return f"<p><b>{html.escape(_title(persona))}</b>: {html.escape(told)}</p>" if told else ""


def _missing(shown: Collection[str]) -> str:
    titles = [text.title for name, text in MEASURES.items() if name not in shown]
    return f"Not measured here: {html.escape(', '.join(titles))}." if titles else ""


def _title(persona: PersonaRow) -> str:
    return "All personas" if persona.name == ALL else persona.name


def _persona(persona: PersonaRow, report: Report) -> str:
    leading = report.leading
    return (
        f"<h2>{html.escape(_title(persona))}</h2>"
        + "".join(_advantages(persona, leading, name) for name in _beside(persona, report))
        + _radar(persona)
        + "<h3>Figures</h3>"
        + _figures(persona)
        + "<h3>Differences</h3>"
        + f'<p class="note">{html.escape(BEHIND.replace("$leading", leading))}</p>'
        + _differences(persona, leading)
        + _curves(persona)
        + _visits(persona, leading)
        + _answers("Best answers", persona.best, leading)
        + _answers("Worst answers", persona.worst, leading)
    )


def _beside(persona: PersonaRow, report: Report) -> list[str]:
    """Return the baseline, then the first other system."""
    others = [name for name in persona.systems if name not in (report.leading, report.baseline)]
    return [name for name in (report.baseline, *others[:1]) if name]


def _advantages(persona: PersonaRow, leading: str, against: str) -> str:
    told = advantages(persona, leading, against)
    listed = "".join(f"<li>{html.escape(line)}</li>" for line in told)
    title = html.escape(f"{leading} against {against}")
    return f"<h3>{title}</h3><ul>{listed}</ul>" if told else ""


def _visits(persona: PersonaRow, leading: str) -> str:
    """List what visitors said and were answered, for reading."""
    row = persona.systems.get(leading)
    if row is None or not row.visits:
        return ""
    told = "".join(
        f'<div class="answer {"wrong" if each.faults else ""}"><p><b>{html.escape(each.said)}</b> '
        f"({html.escape(each.about)})<br>{html.escape(each.answer)}{_faults(each)}</p></div>"
        for each in row.visits
    )
    return f"<h3>What visitors hear from {html.escape(leading)}</h3>{told}"


def _faults(each: VisitRow) -> str:
    titles = ", ".join(MEASURES[name].title for name in each.faults)
    return f" <i>[{html.escape(titles)}]</i>" if titles else ""


def _radar(persona: PersonaRow) -> str:
    axes = [name for name, measure in MEASURES.items() if measure.axis]
    names = [name for name in axes if any(name in s.figures for s in persona.systems.values())]
    whole = {
        system: [row.figures[name].value if name in row.figures else None for name in names]
        for system, row in persona.systems.items()
    }
    series = {name: row for name, row in whole.items() if sum(v is not None for v in row) > 2}
    return radar([MEASURES[name].title for name in names], series) if series else ""


def _figures(persona: PersonaRow) -> str:
    rows = []
    for name, text in MEASURES.items():
        own = [row.figures.get(name) for row in persona.systems.values()]
        if any(own):
            best = _best([f.value for f in own if f], text)
            cells = (_cell(f, text, is_best=f is not None and f.value == best) for f in own)
            rows.append([_named(name), *cells])
    return _table(["", *map(html.escape, persona.systems)], rows)


def _differences(persona: PersonaRow, leading: str) -> str:
    others = {name: row for name, row in persona.systems.items() if name != leading}
    rows = []
    for name, text in MEASURES.items():
        own = [row.behind.get(name) for row in others.values()]
        if any(own):
            rows.append([_named(name), *(_difference(each, text) for each in own)])
    return _table(["", *map(html.escape, others)], rows)


def _curves(persona: PersonaRow) -> str:
    drifting = {name: row for name, row in persona.systems.items() if row.curve}
    if not drifting:
        return ""
    last = max(point[1] for row in drifting.values() for point in row.curve)
    plots = []
    for tone in TONES:
        facts = {name: _points(row, tone, 3) for name, row in drifting.items()}
        voice = {name: _points(row, tone, 2) for name, row in drifting.items()}
        plots.append(lines(f"{tone}: facts told rightly, by turn", facts, last=last))
        plots.append(lines(f"{tone}: nearness to the own voice, by turn", voice, last=last))
    return f'<h3>Over {last} turns</h3><div class="plots">{"".join(plots)}</div>'


def _points(row: SystemRow, tone: str, column: int) -> list[tuple[float, float]]:
    points = [(p[1], p[column]) for p in row.curve if p[0] == tone]
    return [(float(turn), float(value)) for turn, value in points if value is not None]


def _answers(title: str, rows: Sequence[AnswerRow], leading: str) -> str:
    if not rows:
        return ""
    told = "".join(
        f'<div class="answer {"" if row.value else "wrong"}">'
        f"<p><b>{html.escape(row.question)}</b> ({html.escape(row.stage)}, "
        f"{html.escape(MEASURES[row.measure].title)})<br>{html.escape(row.answer)}</p>"
        f"<details><summary>written answer and sources</summary><p>{html.escape(row.reference)}</p>"
        f"<ul>{''.join(f'<li>{html.escape(s)}</li>' for s in row.sources)}</ul></details></div>"
        for row in rows
    )
    return f"<h3>{title} of {html.escape(leading)}</h3>{told}"


def _named(name: str) -> str:
    text = MEASURES[name]
    return f'<span title="{html.escape(text.what)}">{html.escape(text.title)}{_arrow(text)}</span>'


def _arrow(text: Measure) -> str:
    return {"higher": "", "lower": " (lower is better)", "neither": " (neither way)"}[text.better]


def _best(values: Iterable[float], text: Measure) -> float | None:
    known = list(values)
    if text.better == "neither" or min(known) == max(known):
        return None
    return min(known) if text.better == "lower" else max(known)


def _cell(figure: FigureRow | None, text: Measure, *, is_best: bool) -> str:
    if figure is None:
        return "-"
    shown = _number(figure.value, text)
    interval = f"{_number(figure.low, text)} to {_number(figure.high, text)}, n {figure.n}"
    mark = ' class="best"' if is_best else ""
    return f"<span{mark}>{shown}</span><small>{interval}</small>"


def _difference(row: DifferenceRow | None, text: Measure) -> str:
    if row is None:
        return "-"
    figure, sign = row.figure, "*" if row.apart else ""
    interval = f"{_number(figure.low, text)} to {_number(figure.high, text)}, n {figure.n}"
    return f"{_number(figure.value, text)}{sign}<small>{interval}</small>"


def _number(value: float, text: Measure) -> str:
    return f"{100 * value:.0f} %" if text.share else f"{value:.2f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    titles = "".join(f"<th>{name}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{titles}</tr>{body}</table></div>'
