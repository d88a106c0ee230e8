"""The extractor with a model: any OpenAI-compatible server or Azure; whatever goes wrong, the rules answer.

``extractor`` decides who reads a message, ``prompt`` what a model is told, ``client`` how it is asked,
``answer`` what of an answer is usable, ``grounding`` which of it the person really said, ``breaker`` when a
model is left alone for a while.
"""

from bot.model.client import Model, connect
from bot.model.extractor import Extraction, Extractor

__all__ = ["Extraction", "Extractor", "Model", "connect"]
