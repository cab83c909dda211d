"""How days differ: the factor that a rhythm puts on a usual quantity. 1 is a usual weekday at the bill's end."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from random import Random

from local.demo.company import DAYS, Company

SPIKE_FACTOR = 6.0
PARTIAL_DAY = 0.4
GROWTH_A_DAY = 0.0015
WEEKEND = {"office": 0.62, "monthend": 0.8, "traffic": 0.84, "spike": 0.84}
MONTH_END = {"monthend": 1.25, "office": 1.03, "traffic": 1.05, "spike": 1.05}
NOISE = {"traffic": 0.05, "spike": 0.05, "office": 0.015, "monthend": 0.015, "growth": 0.004}


class Rhythms:
    """Factors for every rhythm and day of a company's bill; the same company gives the same factors."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._random = Random(f"{company.seed} {company.last_day}")  # noqa: S311
        rhythms = ("steady", "office", "monthend", "traffic", "growth", "spike")
        self._factors = {rhythm: [self._factor(rhythm, day) for day in company.days] for rhythm in rhythms}

    def factor(self, rhythm: str, offset: int, wobble: float = 0.0) -> float:
        """The factor on the bill's day offset. wobble, from -1 to 1, sets one charge apart from others of its rhythm."""
        return self._factors[rhythm][offset] * (1 + NOISE.get(rhythm, 0.0) * wobble)

    def _factor(self, rhythm: str, day: date) -> float:
        factor = 1.0
        if day.weekday() >= 5:
            factor *= WEEKEND.get(rhythm, 1.0)
        if _is_month_end(day):
            factor *= MONTH_END.get(rhythm, 1.0)
        if rhythm in ("traffic", "growth", "spike"):
            factor *= 1 - GROWTH_A_DAY * (self._company.last_day - day).days
            factor *= 1 + NOISE[rhythm] * self._random.uniform(-1, 1)
        if rhythm == "spike" and day >= self._company.spike_day:
            factor *= SPIKE_FACTOR
        return factor * (PARTIAL_DAY if day == self._company.last_day else 1.0)


def _is_month_end(day: date) -> bool:
    return day.day > monthrange(day.year, day.month)[1] - 3


def periods(company: Company) -> dict[date, list[int]]:
    """The bill's months by their first day, each with the offsets of its days, oldest first."""
    months: dict[date, list[int]] = {}
    for offset in range(DAYS):
        day = company.first_day + timedelta(days=offset)
        months.setdefault(day.replace(day=1), []).append(offset)
    return months
