"""What asking costs: prices by model, a running count, and a budget that stops it.

Prices are in US dollars a million tokens, from `prices.yaml` or as the user says. What runs at an
address of this machine or network costs nothing.
"""

import ipaddress
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import yaml

from persllm.errors import BudgetError, DataError

PRICES = Path(__file__).parent / "prices.yaml"
MILLION = 1_000_000
CHARACTERS_A_TOKEN = 4.0
LONG_ANSWER = 400
"""Tokens that an answer is reckoned at before the first one has come."""
LOCAL = ("vllm:", "ollama:", "huggingface:")


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars a million tokens."""

    tokens_in: float
    tokens_out: float

    def of(self, tokens_in: float, tokens_out: float) -> float:
        """Return what so many tokens cost."""
        return (self.tokens_in * tokens_in + self.tokens_out * tokens_out) / MILLION


FREE = Price(0.0, 0.0)


class Purse:
    """A budget that several teachers draw on, from threads of their own.

    Args:
        limit: Dollars; None is no limit.
    """

    def __init__(self, limit: float | None = None) -> None:
        self.limit = limit
        self.spent = 0.0
        self._reserved = 0.0
        self._lock = Lock()

    def reserve(self, dollars: float) -> None:
        """Set dollars aside for a call that begins.

        Raises:
            BudgetError: There are not so many left.
        """
        with self._lock:
            most = self.spent + self._reserved + dollars
            if self.limit is not None and dollars and most > self.limit:
                raise BudgetError(
                    f"the budget of {self.limit:.2f} dollars is spent: {self.spent:.4f} dollars "
                    "paid. All answers are kept; the same command goes on from there, with as "
                    "much again"
                )
            self._reserved += dollars

    def release(self, dollars: float) -> None:
        """Give back what was set aside; the call is over."""
        with self._lock:
            self._reserved -= dollars

    def pay(self, dollars: float) -> None:
        """Note what an answer cost."""
        with self._lock:
            self.spent += dollars


@dataclass(slots=True)
class Meter:
    """What was asked of one teacher since the command began."""

    price: Price | None = None
    """None where it is not known."""
    purse: Purse = field(default_factory=Purse)
    calls: int = 0
    """Answers that came; stored ones are not among them."""
    repeated: int = 0
    """Calls that had to be made again."""
    tokens_in: int = 0
    tokens_out: int = 0
    _began: float = 0.0

    @property
    def cost(self) -> float | None:
        """Dollars so far; None where no price is known."""
        return self.price.of(self.tokens_in, self.tokens_out) if self.price else None

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.calls / max(time.monotonic() - self._began, 1e-9) if self._began else 0.0

    def begin(self, characters: int) -> float:
        """Let a call begin; returns the dollars it may come to, for `end`.

        Raises:
            BudgetError: It might go over the budget.
        """
        self._began = self._began or time.monotonic()
        if self.price is None:
            return 0.0
        answer = self.tokens_out / self.calls if self.calls else LONG_ANSWER
        expected = self.price.of(characters / CHARACTERS_A_TOKEN, answer)
        self.purse.reserve(expected)
        return expected

    def end(self, expected: float) -> None:
        """Note that a call is over, whatever came of it."""
        self.purse.release(expected)

    def count(self, tokens_in: int, tokens_out: int) -> None:
        """Note an answer."""
        self.calls += 1
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        if self.price is not None:
            self.purse.pay(self.price.of(tokens_in, tokens_out))

    def line(self) -> str:
        """Return the count so far, for people."""
        cost = f", {self.cost:.4f} dollars" if self.cost else ""
        again = f", {self.repeated:,} made again" if self.repeated else ""
        return (
            f"{self.calls:,} calls{again}, {self.tokens_in + self.tokens_out:,} tokens{cost}, "
            f"{self.rate:,.1f} calls/s"
        )


def price_of(name: str, *, prices: Path | None = None) -> Price | None:
    """Return the price of a teacher by its name, or None where none is known.

    Args:
        name: "openai:gpt-4o-mini", "http://127.0.0.1:8000/v1#model".
        prices: A file of the form of `prices.yaml`; what it lacks is looked up there.

    Raises:
        DataError: The file is no price table.
    """
    tables = [*([_table(prices)] if prices else []), _table(PRICES)]
    model = name.rpartition("#")[2] if "#" in name else name.partition(":")[2]
    for table in tables:
        for key in (name, model):
            if key in table:
                return table[key]
    return FREE if is_local(name) else None


def is_local(name: str) -> bool:
    """Tell whether a teacher runs at an address of this machine or network."""
    if name.startswith(LOCAL):
        return True
    host = urlsplit(name).hostname or "" if name.startswith(("http://", "https://")) else ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith((".local", ".localhost"))


def parsed_price(text: str) -> Price:
    """Return the price that "in,out" names.

    Raises:
        DataError: It names none.
    """
    try:
        tokens_in, tokens_out = (float(part) for part in text.split(","))
    except ValueError as error:
        raise DataError(
            f"{text!r} is no price. Give dollars a million tokens in and out: --price 0.15,0.60"
        ) from error
    return Price(tokens_in, tokens_out)


@cache
def _table(path: Path) -> dict[str, Price]:
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {str(name): Price(float(row[0]), float(row[1])) for name, row in rows.items()}
    except (OSError, ValueError, yaml.YAMLError, AttributeError, TypeError, LookupError) as error:
        raise DataError(
            f"{path} is no price table ({' '.join(str(error).split())}). Its lines are "
            f"'model: [in, out]', in dollars a million tokens, as in {PRICES}."
        ) from error
