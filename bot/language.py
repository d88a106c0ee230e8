"""Whether a message is in a language that the rules do not read, by its letters and little words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from bot.text import plain

OFFER = (
    "I read English and German best. If I missed something, Edit as a form on the card takes everything, "
    "whatever language you speak."
)
READ = frozenset({"english", "german"})
"""What the rules read; a model reads all of them."""

_WORDS: Mapping[str, str] = {
    "english": (
        "the a an and or of to in on for with is are be we i you it our my need want please not no that "
        "this have has who what can from by until as at will should us me yes if but so do"
    ),
    "german": (
        "der die das ein eine einen und oder wir ich für mit ist sind nicht kein keine bitte brauchen "
        "brauche wollen den dem des zu im bis auf von es soll auch noch sie haben werden uns unser nur"
    ),
    "spanish": (
        "el los las una unos y para con es son necesitamos necesito queremos quiero nosotros por favor "
        "del que como hasta nuestro nuestra equipo datos pero sin hola gracias esquema proyecto hay "
        "cuanto cuesta quien"
    ),
    "french": (
        "le les une et pour avec est sont nous avons besoin je voudrais du des que dans jusque notre "
        "équipe données mais sans bonjour merci projet vous plaît combien qui pas ce cette aux sur"
    ),
    "italian": (
        "il lo gli una uno e per con sono abbiamo bisogno vorremmo vorrei della del che nel fino nostro "
        "nostra dati ma senza ciao grazie progetto quanto costa chi serve di"
    ),
    "portuguese": (
        "o os uma um e para com são precisamos preciso queremos quero do dos que em até nosso nossa "
        "equipe dados mas sem olá obrigado projeto quanto custa quem não você"
    ),
    "dutch": (
        "het een en voor met zijn wij hebben nodig graag van dat naar tot ons onze maar zonder hallo "
        "bedankt wie niet ook deze kunnen jullie"
    ),
    "polish": (
        "potrzebujemy potrzebuję dla jest są nie proszę chcemy przez nasz zespół danych ale bez cześć "
        "dziękuję oraz do na się jak kto ile"
    ),
    "turkish": (
        "bir ve için ile ihtiyac\u0131m\u0131z var bize lütfen ekibi veri bu istiyoruz değil kadar kim ne "
        "merhaba teşekkürler"
    ),
    "swedish": ("och ett för med är vi behöver vill till vår inte utan hej tack som det på vem"),
}
LITTLE: Mapping[str, frozenset[str]] = {name: frozenset(words.split()) for name, words in _WORDS.items()}
"""The words by which a language is known; a word may stand in several."""

_LEAST, _LETTERS = 2, 0.4


def offer_of_form(heard: Sequence[str]) -> tuple[str, ...]:
    """The offer of the form, when the newest message (raw Slack text) is the first in another language."""
    *before, newest = [foreign(plain(text)) for text in heard] or [False]
    return (OFFER,) if newest and not any(before) else ()


def foreign(text: str) -> bool:
    """Whether a text (as :func:`bot.text.plain` gives it) is clearly in a language that is not read."""
    words = re.findall(r"[^\W\d_]+", text.casefold())
    letters = "".join(words)
    if not letters:
        return False
    other = sum(not _latin(char) for char in letters)
    if other / len(letters) > _LETTERS:
        return True
    counts = {name: sum(word in little for word in words) for name, little in LITTLE.items()}
    known = max(counts[name] for name in READ)
    best = max(counts.values())
    return best >= _LEAST and best > known + 1


def _latin(char: str) -> bool:
    return char.isascii() or "LATIN" in unicodedata.name(char, "")
