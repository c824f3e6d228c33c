from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.api import SourceError
from modelweightvis.sources.addresses import Address, is_safe, parse_address, shown


@pytest.mark.parametrize(
    ("spec", "repository", "revision", "path"),
    [
        ("hf://a/b", "a/b", "main", ""),
        ("hf://a/b/", "a/b", "main", ""),
        ("HF://a/b", "a/b", "main", ""),
        ("hf://models/a/b/x.gguf", "a/b", "main", "x.gguf"),
        ("hf://meta-llama/Llama-3.2-1B@main", "meta-llama/Llama-3.2-1B", "main", ""),
        ("hf://a/b@v1.0/c//d.bin", "a/b", "v1.0", "c/d.bin"),
        ("hf://a/b@refs/pr/7/c", "a/b", "refs/pr/7", "c"),
        ("hf://a/b@refs%2Fpr%2F7/c", "a/b", "refs/pr/7", "c"),
        ("hf://a/b@fix%2Fit", "a/b", "fix/it", ""),
        ("hf://a/b/at@home.bin", "a/b", "main", "at@home.bin"),
        ("hf://a_b/c.d_e", "a_b/c.d_e", "main", ""),
    ],
)
def test_addresses_are_taken_apart(spec: str, repository: str, revision: str, path: str) -> None:
    assert parse_address(spec) == Address(spec, repository, revision, path)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("hf://", "write hf://OWNER/REPO"),
        ("hf://gpt2", "write hf://OWNER/REPO"),
        ("hf:///gpt2", "a name is missing"),
        ("hf://a/@main", "a name is missing"),
        ("hf://datasets/a/b", "is a dataset; only models"),
        ("hf://spaces/a/b", "is a Space; only models"),
        ("hf://buckets/a/b", "is a bucket; only models"),
        ("hf://../b", "'..' is no name"),
        ("hf://a/b--c", "'b--c' is no name"),
        ("hf://a/.git", "'.git' is no name"),
        ("hf://a/b c", "'b c' is no name"),
        ("hf://a/" + "b" * 97, "is no name"),
        ("hf://a/b@", "'' is not the name of a revision"),
        ("hf://a/b@../../x", "'..' is not the name of a revision"),
        ("hf://a/b@a%2F..%2Fb", "is not the name of a revision"),
        ("hf://a/b@%2Fetc", "is not the name of a revision"),
        ("hf://a/b@x%00", "is not the name of a revision"),
        ("hf://a/b/../c", "is not the path of a file"),
        ("hf://a/b/c\0", "is not the path of a file"),
        ("hf://a/b/c\nd", "is not the path of a file"),
        ("hf://a/b/c\\..\\d", "is not the path of a file"),
        ("hf://a/b/\udcff", "is not the path of a file"),
    ],
)
def test_what_is_no_address_is_a_sentence(spec: str, told: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_address(spec)
    assert told in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


def test_a_token_that_was_typed_is_not_repeated() -> None:
    with pytest.raises(SourceError) as caught:
        parse_address("hf://me:hf_abcdefghijklmnop@a/b")
    assert "abcdefgh" not in str(caught.value)


@given(st.text())
def test_any_text_is_an_address_or_a_sentence(text: str) -> None:
    try:
        found = parse_address(f"hf://{text}")
    except SourceError as error:
        found = Address(str(error), "an/error")
    assert found.typed.isprintable()
    assert found.repository.count("/") == 1
    assert not found.path or is_safe(found.path)
    assert ".." not in found.revision.split("/")


@given(st.text(max_size=400))
def test_what_is_shown_is_one_line(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) <= 302


def test_addresses_of_neighbours_keep_the_revision() -> None:
    assert parse_address("hf://a/b").to("c/d") == "hf://a/b/c/d"
    assert parse_address("hf://a/b@refs/pr/1").to("c") == "hf://a/b@refs%2Fpr%2F1/c"
