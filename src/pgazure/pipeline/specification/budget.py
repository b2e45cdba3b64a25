"""Budgets: what a pipeline may cost in a run, in a day, and altogether."""

from __future__ import annotations

import re
from decimal import Decimal  # noqa: TC003 - pydantic reads it
from typing import Literal, Self

from pgazure.pipeline.specification.steps import SpecModel

_BUDGET = re.compile(r"(?P<amount>\d+(?:\.\d+)?) USD/(?P<period>run|day|pipeline)")


class Budget(SpecModel):
    """What a pipeline may cost at list price, written ``5 USD/day``, ``2.50 USD/run`` or ``300 USD/pipeline``.

    Attributes:
        amount: USD.
        period: What is added up: a run, a day (UTC), or all that the pipeline has ever cost.
    """

    amount: Decimal
    period: Literal["run", "day", "pipeline"]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a budget.

        Raises:
            ValueError: It is not of that form.
        """
        found = _BUDGET.fullmatch(text.strip())
        if not found:
            msg = (
                f"budget {text!r}: write an amount and a period, such as '5 USD/day', '2.50 USD/run' or "
                "'300 USD/pipeline', and commas between several"
            )
            raise ValueError(msg)
        return cls.model_validate({"amount": found["amount"], "period": found["period"]})

    def __str__(self) -> str:
        return f"{self.amount} USD/{self.period}"


def read_budgets(text: str) -> tuple[Budget, ...]:
    """Read the budgets of a pipeline, at most one for each period, with commas between them.

    Raises:
        ValueError: One is not of that form, or two are for the same period.
    """
    budgets = tuple(Budget.parse(each) for each in text.split(","))
    periods = [budget.period for budget in budgets]
    if twice := next((period for period in periods if periods.count(period) > 1), None):
        msg = f"budget {text!r}: it has two amounts for a {twice}"
        raise ValueError(msg)
    return budgets
