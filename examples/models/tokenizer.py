"""The tokenizer: SentencePiece BPE with byte fallback, as Llama 2 has it, and its Hugging Face twin.

Newlines are byte tokens; runs of spaces are pieces, for code is full of them.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import sentencepiece
import texts
import tokenizers
from tokenizers import decoders, models, normalizers

#: What transformers has to know of it.
CONFIG = {
    "add_bos_token": True,
    "add_eos_token": False,
    "add_prefix_space": False,
    "bos_token": "<s>",
    "clean_up_tokenization_spaces": False,
    "eos_token": "</s>",
    "model_max_length": 256,
    "tokenizer_class": "PreTrainedTokenizerFast",
    "unk_token": "<unk>",
}


def train(folder: Path) -> sentencepiece.SentencePieceProcessor:
    """Train on both kinds of text and write the three files of a tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        line
        for kind in texts.KINDS
        for document in texts.split(kind)[0]
        for line in document.split("\n")
        if line
    ]
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=written,
        model_type="bpe",
        vocab_size=texts.VOCABULARY,
        byte_fallback=True,
        character_coverage=0.9995,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        num_threads=1,
        minloglevel=2,
    )
    (folder / "tokenizer.model").write_bytes(written.getvalue())
    model = load(folder)
    twin(model).save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            CONFIG,
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )
    return model


def load(folder: Path) -> sentencepiece.SentencePieceProcessor:
    """Open a tokenizer written by `train`."""
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))


def twin(model: sentencepiece.SentencePieceProcessor) -> tokenizers.Tokenizer:
    """Return the same tokenizer for the `tokenizers` library: equal pieces, merges by score."""
    vocabulary = {model.id_to_piece(index): index for index in range(model.get_piece_size())}
    merges = []
    for piece, index in vocabulary.items():
        if index < 3 or model.is_byte(index):
            continue
        halves = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        known = [(left, right) for left, right in halves if {left, right} <= vocabulary.keys()]
        known.sort(key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
        merges += [(-model.get_score(index), pair) for pair in known]
    merges.sort(key=lambda merge: merge[0])
    result = tokenizers.Tokenizer(
        models.BPE(
            vocab=vocabulary,
            merges=[pair for _, pair in merges],
            unk_token="<unk>",  # noqa: S106 - no password
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    result.normalizer = normalizers.Replace(" ", "▁")
    result.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    result.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)]
    )
    result.add_special_tokens(["<unk>", "<s>", "</s>"])
    return result
