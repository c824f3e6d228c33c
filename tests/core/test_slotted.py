"""Dataclasses with slots, against those of the standard library."""

from __future__ import annotations

import abc
import copy
import dataclasses
import inspect
import pickle
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core import slotted

#: A name of a field, and what it has beside it.
KINDS = ("bare", "default", "factory", "hidden")
NAMES = ("a", "b", "self", "make", "_missing", "_own")


def made(by: Any, kinds: list[str], *, frozen: bool) -> Any:
    """Return a class of so many fields; those that need a value come first."""
    body: dict[str, Any] = {"__doc__": "A value.", "__annotations__": {}, "__module__": __name__}
    for name, kind in zip(NAMES, sorted(kinds, key=KINDS.index), strict=False):
        body["__annotations__"][name] = "int"
        if kind == "default":
            body[name] = 7
        elif kind == "factory":
            body[name] = dataclasses.field(default_factory=list)
        elif kind == "hidden":
            body[name] = dataclasses.field(default=3, repr=False)
    return by(frozen=frozen, slots=True)(type("Value", (), body))


def both(kinds: list[str], *, frozen: bool) -> tuple[Any, Any]:
    ours, theirs = slotted.dataclass, dataclasses.dataclass
    return made(ours, kinds, frozen=frozen), made(theirs, kinds, frozen=frozen)


fields = st.lists(st.sampled_from(KINDS), max_size=len(NAMES))
values = st.one_of(st.integers(0, 2), st.text(max_size=2))


@given(fields, st.booleans(), st.data())
def test_objects_are_those_of_the_standard_library(
    kinds: list[str], frozen: bool, data: st.DataObject
) -> None:
    ours, theirs = both(kinds, frozen=frozen)
    least = kinds.count("bare")
    given = data.draw(st.lists(values, min_size=least, max_size=len(kinds)))
    one, other = ours(*given), theirs(*given)
    assert repr(one) == repr(other)
    assert dataclasses.asdict(one) == dataclasses.asdict(other)
    assert one == ours(*given)
    assert one != other
    if not frozen:
        assert ours.__hash__ is None
    elif "factory" not in kinds or len(given) == len(kinds):
        assert hash(one) == hash(other)
    if kinds:
        name = data.draw(st.sampled_from(NAMES[: len(kinds)]))
        change = {name: data.draw(values)}
        assert repr(dataclasses.replace(one, **change)) == repr(
            dataclasses.replace(other, **change)
        )
        rest = [*given[1:]] if given else []
        assert (one == ours(0, *rest)) == (other == theirs(0, *rest))


@given(fields, st.booleans())
def test_classes_are_those_of_the_standard_library(kinds: list[str], frozen: bool) -> None:
    ours, theirs = both(kinds, frozen=frozen)
    for name in ("__slots__", "__match_args__"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert repr(ours.__dataclass_params__) == repr(theirs.__dataclass_params__)
    assert [(one.name, one.type, one.repr) for one in dataclasses.fields(ours)] == [
        (one.name, one.type, one.repr) for one in dataclasses.fields(theirs)
    ]
    assert inspect.signature(ours).parameters.keys() == inspect.signature(theirs).parameters.keys()
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))


COPIES = (copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one)))


@slotted.dataclass(frozen=True, slots=True)
class Pair:
    """Two values."""

    left: Any
    right: Any = dataclasses.field(default_factory=dict)

    def __repr__(self) -> str:
        return "a pair"


class Named(Pair):
    """A pair that has more, in a class of its own."""


def test_what_a_class_defines_itself_stays() -> None:
    assert repr(Pair(1)) == "a pair"


@pytest.mark.parametrize("copied", COPIES)
def test_copies_are_equal(copied: Any) -> None:
    one = Pair(1, {"a": [2]})
    assert copied(one) == one
    assert copied(one) is not one


def test_each_object_gets_a_default_of_its_own() -> None:
    assert Pair(1).right is not Pair(1).right


def test_nothing_can_be_changed() -> None:
    one = Pair(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'left'"):
        one.left = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'other'"):
        one.other = 2  # type: ignore[attr-defined]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'left'"):
        del one.left
    assert one.left == 1


def test_a_subclass_has_attributes_of_its_own() -> None:
    one = Named(1)
    one.name = "first"  # type: ignore[attr-defined]
    del one.name  # type: ignore[attr-defined]
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.left = 2  # type: ignore[misc]
    assert one != Pair(1)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(TypeError, match=r"Pair\.__init__\(\) missing 1 .*'left'"):
        Pair()  # type: ignore[call-arg]


@pytest.mark.parametrize("by", [slotted.dataclass, dataclasses.dataclass])
def test_a_cycle_is_shown_once(by: Any) -> None:
    link = made(by, ["bare"], frozen=False)
    one = link(None)
    one.a = one
    assert repr(one) == "Value(a=...)"


def test_what_is_no_number_equals_itself_as_in_a_tuple() -> None:
    nothing = float("nan")
    assert Pair(nothing, 1) == Pair(nothing, 1)
    assert Pair(nothing, 1) != Pair(float("nan"), 1)


def test_annotations_of_the_initialiser_can_be_resolved() -> None:
    assert get_type_hints(Pair.__init__) == {"left": Any, "right": Any, "return": type(None)}
    assert Pair.__init__.__module__ == __name__


def test_a_class_without_a_docstring_lists_its_fields() -> None:
    cls = type("Value", (), {"__annotations__": {"x": "int", "y": "int"}, "y": 3})
    assert slotted.dataclass(frozen=True, slots=True)(cls).__doc__ == "Value(x, y)"


def test_methods_that_are_made_are_no_longer_abstract() -> None:
    class Shown(abc.ABC):
        @abc.abstractmethod
        def __repr__(self) -> str: ...

    @slotted.dataclass(frozen=True, slots=True)
    class Value(Shown):
        """Shown by its fields."""

        x: int = 1

    assert repr(Value()).endswith("Value(x=1)")


@pytest.mark.parametrize(
    "body",
    [
        {"x": dataclasses.field(init=False)},
        {"x": dataclasses.field(compare=False)},
        {"x": dataclasses.field(hash=False)},
        {"x": dataclasses.field(kw_only=True)},
        {"x": dataclasses.field(default=1), "__annotations__": {"x": "dataclasses.InitVar"}},
        {"__annotations__": {"__x": "int"}},
        *({name: print} for name in ("__post_init__", "__init__", "__setattr__", "__delattr__")),
        *({name: print} for name in ("__eq__", "__getstate__", "__setstate__")),
    ],
)
def test_what_only_dataclasses_can_do_is_refused(body: dict[str, Any]) -> None:
    facts = {"__doc__": "", "__annotations__": {"x": "int"}, "__module__": __name__}
    cls = type("Value", (), facts | body)
    with pytest.raises(TypeError, match=r"Value: this is for dataclasses\.dataclass to make"):
        slotted.dataclass(frozen=True, slots=True)(cls)


def test_a_field_without_a_default_comes_first() -> None:
    cls = type("Value", (), {"__doc__": "", "__annotations__": {"x": "int", "y": "int"}, "x": 1})
    with pytest.raises(TypeError, match="non-default argument 'y' follows default argument"):
        slotted.dataclass(frozen=True, slots=True)(cls)


def test_fields_are_inherited() -> None:
    @slotted.dataclass(frozen=True, slots=True)
    class Triple(Pair):
        """Three values."""

        last: int = 3

    assert Triple(1, 2) == Triple(1, 2, 3)
    assert dataclasses.asdict(Triple(1, 2)) == {"left": 1, "right": 2, "last": 3}


@slotted.dataclass(slots=True)
class Count:
    """Can be changed."""

    value: int = 0


def test_what_is_not_frozen_can_be_changed_and_copied() -> None:
    one = Count()
    one.value = 2
    assert one == Count(2)
    assert pickle.loads(pickle.dumps(one)) == one


@dataclasses.dataclass(frozen=True)
class Told(Pair):
    """A pair of a plugin, which need not know of slots."""

    word: str = ""


@pytest.mark.parametrize("copied", COPIES)
def test_what_inherits_is_copied_whole(copied: Any) -> None:
    one = Told(1, 2, "three")
    assert copied(one).word == "three"
    assert copied(one) == one


def test_all_others_are_left_to_dataclasses() -> None:
    @slotted.dataclass(frozen=True)
    class Open:
        """Has a dictionary."""

        value: int = dataclasses.field(default=0, compare=False)

    assert vars(Open(3)) == {"value": 3}
