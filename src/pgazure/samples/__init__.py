"""Sample data: invented guest reviews of invented holiday flats.

``reviews.csv`` has the columns ``id, listing_id, date, comments``, ``listings.csv``
the columns ``id, name, city, property_type, price`` (price per night in euros).
Both are UTF-8 with a header line, and read by :mod:`csv` and ``COPY … CSV HEADER``
alike. People, addresses and telephone numbers in them do not exist.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def reviews_csv() -> Traversable:
    """Name the file of sample reviews, in nine languages and some two hundred rows."""
    return files(__name__) / "reviews.csv"


def listings_csv() -> Traversable:
    """Name the file of the twelve listings that the sample reviews are about."""
    return files(__name__) / "listings.csv"
