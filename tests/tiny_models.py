"""Encoders that are made in a moment: a random BERT of two layers, and a static one."""

import string
import warnings

from helpers.encoding.static import building_blocks

WORDS = """a the shark whale hunts sleeps boat lighthouse lawyer court robot learns to love in sea and of . , ? !"""
WORDS = WORDS.split()


def save_tiny_bert(folder, dimensions=32, limit=24, seed=0):
    """Save a BERT with random weights and a vocabulary of words and letters; give its folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(seed)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *string.ascii_lowercase[1:]]
    words += [f"##{letter}" for letter in string.ascii_lowercase]
    network, vocabulary = folder / "network", folder / "vocab.txt"
    network.mkdir(parents=True)
    vocabulary.write_text("\n".join(words) + "\n", encoding="utf-8")
    settings = BertConfig(
        vocab_size=len(words), hidden_size=dimensions, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        initializer_range=0.4,
    )  # fmt: skip
    BertModel(settings).eval().save_pretrained(network)
    BertTokenizerFast(str(vocabulary)).save_pretrained(network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = [
            building_blocks().Transformer(str(network), max_seq_length=limit),
            building_blocks().Pooling(dimensions),
        ]
    made = folder / "model"
    SentenceTransformer(modules=parts, device="cpu").save(str(made))
    return made


def save_tiny_static(folder):
    """Save a static encoder of 16 random numbers a word; give its folder."""
    import numpy as np
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(["[UNK]", *WORDS])}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    weights = np.random.default_rng(0).normal(size=(len(WORDS) + 1, 16)).astype(np.float32)
    made = folder / "static"
    words = building_blocks().StaticEmbedding(tokenizer, embedding_weights=weights)
    SentenceTransformer(modules=[words], device="cpu").save(str(made))
    return made
