"""What goes wrong between here and the Hub, each as one sentence.

The client's own words are not repeated: they run over many lines, and may hold signed addresses or
a token.
"""

from __future__ import annotations

import errno
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from arbvis_core.api import ArbvisError, SourceError
from modelweightvis.sources.addresses import Address, shown

LOGIN = "set HF_TOKEN or run 'hf auth login'"
OFFLINE = "to use what the cache has of it, set HF_HUB_OFFLINE=1"
KEPT = "run the same command again: files that are complete are kept"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST})


@contextmanager
def told(address: Address, file: str = "") -> Iterator[None]:
    """Turn whatever the client raises into a sentence about an address, and keep the client quiet.

    Args:
        address: what the user asked for.
        file: what is being downloaded; empty while the Hub is asked what there is.
    """
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    with warnings.catch_warnings():
        if level >= logging.WARNING:
            warnings.simplefilter("ignore")
            logger.setLevel(logging.ERROR)
        try:
            yield
        except ArbvisError:
            raise
        except Exception as error:  # noqa: BLE001  three libraries, each with its own kinds
            raise SourceError(f"{address}: {_sentence(address, error, file)}") from None
        finally:
            logger.setLevel(level)


def _sentence(address: Address, error: BaseException, file: str) -> str:
    from huggingface_hub import errors

    if isinstance(error, errors.LocalEntryNotFoundError | errors.FileMetadataError):
        if error.__cause__ is not None:
            return _sentence(address, error.__cause__, file)
        return "what answers is not a Hugging Face Hub; check HF_ENDPOINT and the network's proxy"
    if isinstance(error, errors.HfHubHTTPError):
        return _refused(address, error, file) or _by_status(error)
    return _local(error) or _broken(error, file)


def _refused(address: Address, error: BaseException, file: str) -> str:
    """Say what the Hub said no to."""
    from huggingface_hub import errors

    model = address.repository
    said = {
        errors.GatedRepoError: f"{model} is gated; ask for access on its page on the Hub, then "
        f"{LOGIN} with a token of that account",
        errors.RevisionNotFoundError: f"{model} has no revision {shown(address.revision)!r}",
        errors.EntryNotFoundError: f"{shown(file)} is no longer there; run again",
        errors.DisabledRepoError: f"{model} has been disabled on the Hub",
        errors.RepositoryNotFoundError: f"there is no model {model} on the Hub, or it is private; "
        f"check the spelling, and for a private one {LOGIN}",
    }
    return next((sentence for kind, sentence in said.items() if isinstance(error, kind)), "")


def _by_status(error: BaseException) -> str:
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if status in {401, 403}:
        return f"the Hub lets nobody with this token, or without one, see it ({status}); {LOGIN}"
    if status == 429:
        return f"the Hub asks to slow down (429); wait some minutes, or {LOGIN} for higher limits"
    if status >= 500:
        return f"the Hub is in trouble ({status}); run the same command again later, or {OFFLINE}"
    return f"the Hub refuses the request ({status})"


def _local(error: BaseException) -> str:
    """Say what is wrong on this machine, if it is."""
    number = getattr(error, "errno", None)
    if number in _FULL or "No space left" in str(error):
        return f"the disk is full; make room, or let HF_HOME name a folder on a larger one; {KEPT}"
    if number in _DENIED:
        return "the cache cannot be written to; let HF_HOME name a folder that can"
    return ""


def _broken(error: BaseException, file: str) -> str:
    kind = type(error).__name__
    if file:
        return f"the download of {shown(file)} broke off ({kind}); {KEPT}"
    return f"the Hub cannot be reached ({kind}); check the connection, or {OFFLINE}"
