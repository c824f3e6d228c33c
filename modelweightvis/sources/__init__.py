"""Where models come from, besides this machine."""

from modelweightvis.sources.huggingface import HuggingFaceSourceProvider

__all__ = ["HuggingFaceSourceProvider"]
