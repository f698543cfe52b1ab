"""A person's seat on the terminal: what is typed becomes a turn, an aside, a note or a fact."""

from rich.console import Console
from rich.markup import escape

from persllm.agents.dialogue.play import Play, Said
from persllm.agents.dialogue.seats import Seat, find_seat

HELP = (
    "You sit at this table. Type what you say and press Enter; or\n"
    "  /to NAME: words   say it to one of them, unheard by the others\n"
    "  /pass             say nothing this time\n"
    "  /note words       a stage direction that all notice\n"
    "  /fact words       news that all hear\n"
    "  Ctrl-D            leave; the same command goes on\n"
)


def ask_person(console: Console, play: Play, seat: Seat) -> Said:
    """Return what a person at the table says.

    Raises:
        EOFError: The person left, or there is no terminal to ask at.
    """
    while True:
        typed = console.input(f"[bold]{escape(seat.name)}[/bold]: ").strip()
        command, _, rest = typed.partition(" ")
        rest = rest.strip()
        if command in ("/note", "/fact") and rest:
            turn = play.drop("note" if command == "/note" else "fact", rest)
            console.print("That was told before." if turn is None else "All notice it.")
        elif command == "/to" and (said := _aside(play, rest)):
            return said
        elif command == "/pass":
            return Said("")
        elif typed and not typed.startswith("/"):
            return Said(typed)
        else:
            console.print(escape(HELP) + f"Names: {escape(_names(play))}")


def _aside(play: Play, rest: str) -> Said | None:
    """Read "NAME: words"; None where nobody there is called so, or nothing is said."""
    name, _, words = rest.partition(":")
    seats = play.scenario.seats
    called = [seat for seat in seats if name.strip().lower() in map(str.lower, seat.called)]
    found = find_seat(seats, name.strip()) or (called[0] if len(called) == 1 else None)
    return Said(words.strip(), (found.id,)) if found and words.strip() else None


def _names(play: Play) -> str:
    return ", ".join(seat.name for seat in play.scenario.seats if not seat.is_human)
