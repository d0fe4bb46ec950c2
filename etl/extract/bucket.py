"""How does an object of an S3 bucket become a plain file? polars fetches it, with the credentials that it finds itself."""

from __future__ import annotations

import warnings
from pathlib import Path, PurePosixPath

import polars as pl

from etl.errors import SourceError

_PARQUET = frozenset({".parquet", ".pq"})
_TEXT = frozenset({".csv", ".tsv", ".tab", ".txt", ".ndjson", ".jsonl"})
_ENVIRONMENT = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, for other providers, AWS_ENDPOINT_URL"


def fetch_object(address: str, shown: str, target: Path) -> None:
    """Copy one object.

    Parquet is written anew with the same types, and of text the lines, in UTF-8, each ended by LF: polars hands out no bytes.

    Args:
        address: ``s3://bucket/key``; polars reads where and with whose rights from the environment, as AWS's own tools do.
        shown: The address for messages.
        target: An empty file of ours.

    Raises:
        SourceError: It is of another format, packed, not UTF-8, or cannot be read.
    """
    suffix = PurePosixPath(address).suffix.lower()
    if suffix not in _PARQUET | _TEXT:
        raise SourceError(f"{shown}: {suffix or 'a name without suffix'} is not read from s3://", next_step=_by_pipe(shown))
    try:
        with warnings.catch_warnings():
            # That no region is set is no matter where the object comes, and what to set is said where it does not.
            warnings.simplefilter("ignore", UserWarning)
            _copy(address, target, parquet=suffix in _PARQUET)
    except pl.exceptions.ComputeError as error:
        if "utf8" not in str(error).replace("-", "").lower():
            raise _unreadable(shown, error) from None
        raise SourceError(f"{shown}: is not UTF-8 text", next_step=_by_pipe(shown)) from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(shown, error) from None


def _copy(address: str, target: Path, *, parquet: bool) -> None:
    if parquet:
        pl.scan_parquet(address, glob=False).sink_parquet(target)
        return
    # An empty line has to come out as one, and not as a quoted empty cell.
    lines = pl.scan_lines(address, glob=False).with_columns(pl.col("line").fill_null(""))
    lines.sink_csv(target, include_header=False, quote_style="never")


def _by_pipe(shown: str) -> str:
    return f"pipe it in: aws s3 cp {shown} - | lightfield-etl run CONFIG -"


def _unreadable(shown: str, error: Exception) -> SourceError:
    if isinstance(error, FileNotFoundError):
        return SourceError(f"{shown}: there is no such object", next_step="check bucket and key")
    reason = " ".join(str(error).split())
    return SourceError(f"{shown}: cannot be fetched: {reason}", next_step=f"check {_ENVIRONMENT}")
