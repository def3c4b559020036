"""Ids, titles and tags as users type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadId, BadInput, BadText
from ledger.tags import MAX_TEXT, buckets, check_id, check_tag, check_text, slug, tag


class TestIds:
    @pytest.mark.parametrize("id", ["a", "stage-1", "b-7f3k2", "2025", "a.b_c-d", "x" * 64])
    def test_what_is_one(self, id: str) -> None:
        assert check_id("space", id) == id

    @pytest.mark.parametrize(
        ("text", "suggestion"),
        [
            ("stage 1", "stage-1"),
            (" stage-1", "stage-1"),
            ("Stage-1", "stage-1"),
            ("-stage-", "stage"),
            ("Bühne 1", "buhne-1"),
            ("a/b\\c", "a-b-c"),
            ("space:stage-1@2025-07", "space-stage-1-2025-07"),
            ("x" * 65, "x" * 64),
            ("x" * 63 + "--y", "x" * 63),
            ("影棚", ""),
            ("🎬", ""),
            ("", ""),
            ("a\n", "a"),
        ],
    )
    def test_what_is_none_gets_one_that_would_do(self, text: str, suggestion: str) -> None:
        with pytest.raises(BadId) as refused:
            check_id("space", text)
        assert refused.value.suggestion == suggestion
        assert ("for example" in refused.value.advice) == bool(suggestion)

    @given(st.text(max_size=100))
    def test_a_suggestion_is_an_id(self, text: str) -> None:
        if suggestion := slug(text):
            assert check_id("space", suggestion) == suggestion


class TestTexts:
    @pytest.mark.parametrize(
        "text",
        ["Resurrection", "复活" * 150, "🎬👩‍🚀🏳️‍🌈", "עברית", "e" * MAX_TEXT, "A  B", "’“”—…"],
    )
    def test_any_script_is_kept(self, text: str) -> None:
        assert check_text("title", f"  {text}\t\n") == text

    def test_composed_and_decomposed_letters_are_the_same(self) -> None:
        assert check_text("title", "Amélie") == check_text("title", "Ame\u0301lie") == "Amélie"

    @pytest.mark.parametrize(
        ("text", "saying"),
        [
            ("", "the title is empty"),
            (" \t\n", "the title is empty"),
            ("a\nb", "control character"),
            ("a\x00b", "control character"),
            ("a\x1b[31mb", "control character"),
            ("a\u2028b", "control character"),
            ("a\ud800b", "control character"),
            ("永" * (MAX_TEXT + 1), "1,001 characters"),
        ],
    )
    def test_what_cannot_be_kept(self, text: str, saying: str) -> None:
        with pytest.raises(BadText, match=saying):
            check_text("title", text)


class TestTags:
    def test_a_bucket_narrows(self) -> None:
        assert tag("space", "stage-1") == "space:stage-1"
        assert buckets("space", "stage-1", ["2025-07", "2025-08"]) == (
            "space:stage-1@2025-07",
            "space:stage-1@2025-08",
        )

    @pytest.mark.parametrize(
        "text", ["space:stage-1", "space:stage-1@2025-07", "stand:a1", "request:A/b=1"]
    )
    def test_what_is_one(self, text: str) -> None:
        assert check_tag(text) == text

    @pytest.mark.parametrize(
        "text", ["", "stage-1", "space:", ":stage-1", "Space:stage-1", "space:a b", "space:a@"]
    )
    def test_what_is_none(self, text: str) -> None:
        with pytest.raises(BadInput, match="is not a tag"):
            check_tag(text)
