"""One of several models, written as one word with its fields: `latency: {edge: api->postgres, delay: 400ms}`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Union

from pydantic import AfterValidator, Discriminator, PlainSerializer, Tag, create_model

from harness.quantities import Model


def tag(word: str) -> str:
    """How a choice stands in the `loc` of pydantic's errors: unlike any word of ours, so that it can be left out."""
    return f"<{word}>"


def is_tag(step: str | int) -> bool:
    return isinstance(step, str) and step.startswith("<") and step.endswith(">")


def one_of(classes: Sequence[type[Model]]) -> Any:
    """The annotation for a mapping of one key: the `word` of one of the classes, its value that class's fields.

    Only the class named by the word is tried, so that an error speaks of that one alone.
    """
    choices = tuple(Annotated[_single(cls), Tag(tag(cls.word))] for cls in classes)  # type: ignore[attr-defined]
    return Annotated[Union[choices], Discriminator(_word_of), AfterValidator(_unwrapped), PlainSerializer(_wrapped)]  # noqa: UP007


def _single(cls: type[Model]) -> Any:
    word: str = cls.word  # type: ignore[attr-defined]
    doc = (cls.__doc__ or "").strip()
    return create_model(f"{word}_", __base__=Model, __doc__=doc.splitlines()[0] if doc else None, **{word: (cls, ...)})  # type: ignore[call-overload]


def _word_of(value: Any) -> str | None:
    return tag(str(next(iter(value)))) if isinstance(value, dict) and len(value) == 1 else None


def _unwrapped(wrapper: Any) -> Any:
    return getattr(wrapper, next(iter(type(wrapper).model_fields)))


def _wrapped(model: Any) -> dict[str, Any]:
    return {model.word: model.model_dump(mode="json", by_alias=True)}
