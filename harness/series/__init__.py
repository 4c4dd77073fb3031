"""The raw series: what the stack's own metrics said, sample by sample, each at the instant of its scrape. Read them here;
a run's probe writes them."""

from harness.series.disk import MOST_BYTES, SeriesWriter, read
from harness.series.histogram import shown_quantile
from harness.series.raw import Book, RawSeries, known_until, scrapes_of

__all__ = ["MOST_BYTES", "Book", "RawSeries", "SeriesWriter", "known_until", "read", "scrapes_of", "shown_quantile"]
