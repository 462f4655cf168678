"""Files of the retail layout made in the likeness of the real one, dirt included, for where that one is not at hand.

Goods, customers and numbers are made up. The same size and seed always give the same file.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Final

from integrations.shop.retail_rows import COLUMNS

FIRST_INVOICE: Final = 400_001
OPENS_AT: Final = datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001 - the layout's times name no zone
OPEN_FOR: Final = timedelta(days=4, hours=8)
HOME: Final = "United Kingdom"
ABROAD: Final = ("Germany", "France", "EIRE", "Norway")

Cells = tuple[str, ...]

_WORDS: Final = (
    ("RED", "BLUE", "IVORY", "SILVER", "VINTAGE", "STRIPED", "WOODEN", "SMALL"),
    ("TEA", "GARDEN", "CAKE", "CANDLE", "PICNIC", "KITCHEN", "PARTY", "WINTER"),
    ("TIN", "TRAY", "HOLDER", "BASKET", "LAMP", "MUG, LARGE", "CUSHION", "STAND"),
)
_CUSTOMERS: Final = 300
_FIRST_CUSTOMER: Final = 20_001
_ROWS_OF_ORDER: Final = 19
"""The mean; together with the shares below it makes 10,000 rows some 400 orders, as in the real file."""

_SHARE_OF_RETURNS: Final = 0.10
_SHARE_WITHOUT_CUSTOMER: Final = 0.10
_SHARE_ABROAD: Final = 0.08
_SHARE_BOUGHT_HERE: Final = 0.25


def write_likeness(path: Path, rows: int = 10_000, seed: int = 1) -> None:
    """Write a file of so many rows below its header; the first thirty or so show every kind of dirt once."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(likeness(rows, seed))


def likeness(rows: int, seed: int) -> Iterator[Cells]:
    shop = _Shop(seed, rows)
    return islice(chain(shop.one_of_each(), shop.days()), rows)


class _Shop:
    """A made-up shop at its till: what it sells, to whom, and the number of the next invoice."""

    def __init__(self, seed: int, rows: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - made-up goods need no secrets
        self._rows = rows
        self._written = 0
        self._invoice = FIRST_INVOICE
        self._items = [self._new_item(number) for number in range(400)]
        self._sold: list[Cells] = []

    def one_of_each(self) -> Iterator[Cells]:
        """Each kind of row that an import must get right, once."""
        tin, tray, lamp = (self._items[place] for place in range(3))
        yield from self._at_till("", "11001", HOME, [(*tin, 8), (*tray, 12), (*tin, 4)])
        yield from self._at_till("", "11002", "France", [(*lamp, 2), ("POST", "POSTAGE", "18.0", 1)])
        yield from self._at_till("", "11003", HOME, [(*lamp, 1)])
        reduced = (tin[0].lower(), tin[1], "0.15")
        yield from self._at_till("", "11004", HOME, [(*tin, 3), (*reduced, 2), (*tray[:2], "0.0", 1)])
        fees = [("M", "Manual", "1.25", 1), ("C2", "CARRIAGE", "50.0", 1), ("BANK CHARGES", "Bank Charges", "15.0", 1)]
        yield from self._at_till("", "11004", HOME, [*fees, (*lamp, 2)])
        nobody = [(*tin, 1), ("DOT", "DOTCOM POSTAGE", "569.77", 1), (tray[0], "", "0.0", -38)]
        yield from self._at_till("", "", HOME, nobody)
        # Ten tins are there only because both rows of the first invoice count; five more are not, and twenty
        # trays never were. The rest was not bought here, or is no goods at all.
        back = [(*tin, -10), (*tin, -5), (*tray, -20), (*lamp, -1), ("D", "Discount", "27.5", -1)]
        yield from self._at_till("C", "11001", HOME, back)
        yield from self._at_till("C", "11099", HOME, [(*lamp, -1)])

    def days(self) -> Iterator[Cells]:
        """The till's rows after that, without end."""
        while True:
            kind = self._chance.random()
            if kind < _SHARE_OF_RETURNS:
                yield from self._return()
            elif kind < _SHARE_OF_RETURNS + _SHARE_WITHOUT_CUSTOMER:
                yield from self._at_till("", "", HOME, self._basket(2 * _ROWS_OF_ORDER))
            else:
                yield from self._order()

    def _order(self) -> Iterator[Cells]:
        abroad = self._chance.random() < _SHARE_ABROAD
        country = self._chance.choice(ABROAD) if abroad else HOME
        basket = self._basket(_ROWS_OF_ORDER)
        if abroad:
            basket.append(("POST", "POSTAGE", "18.0", self._chance.randint(1, 4)))
        for row in self._at_till("", self._customer(), country, basket):
            self._sold.append(row)
            yield row

    def _return(self) -> Iterator[Cells]:
        """A quarter comes back from an order of this file; the other purchases lie before it."""
        if self._sold and self._chance.random() < _SHARE_BOUGHT_HERE:
            _, code, title, quantity, _, price, customer, country = self._chance.choice(self._sold)
            returned = self._chance.randint(1, int(quantity))
            yield from self._at_till("C", customer.removesuffix(".0"), country, [(code, title, price, -returned)])
        else:
            items = self._chance.sample(self._items, self._chance.randint(1, 3))
            yield from self._at_till("C", self._customer(), HOME, [(*item, -1) for item in items])

    def _basket(self, mean: int) -> list[tuple[str, str, str, int]]:
        items = self._chance.choices(self._items, k=self._chance.randint(1, 2 * mean - 1))
        return [(*item, self._chance.choice((1, 1, 2, 3, 4, 6, 6, 8, 12, 12, 24, 48))) for item in items]

    def _at_till(
        self, sign: str, customer: str, country: str, basket: Sequence[tuple[str, str, str, int]]
    ) -> Iterator[Cells]:
        invoice, at = f"{sign}{self._invoice}", self._now()
        self._invoice += 1
        for code, title, price, quantity in basket:
            self._written += 1
            number = f"{customer}.0" if customer else ""
            yield (invoice, code, title, str(quantity), str(at), price, number, country)

    def _now(self) -> datetime:
        """The rows are spread over the days, whatever their number."""
        passed = min(self._written / max(self._rows, 1), 1.0) * OPEN_FOR
        return OPENS_AT + timedelta(minutes=passed // timedelta(minutes=1))

    def _customer(self) -> str:
        return str(_FIRST_CUSTOMER + self._chance.randrange(_CUSTOMERS))

    def _new_item(self, number: int) -> tuple[str, str, str]:
        """Code, title and price, which the file writes as a spreadsheet does: `2.5` is 2.50."""
        title = " ".join(self._chance.choice(words) for words in _WORDS)
        price_minor = self._chance.choice((29, 42, 85, 125, 165, 210, 295, 375, 495, 850, 1275, 2195))
        letter = self._chance.choice("   ABCG").strip() if number else "A"
        return f"{30_000 + 7 * number}{letter}", title, str(price_minor / 100)
