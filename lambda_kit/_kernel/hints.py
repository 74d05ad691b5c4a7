"""Messages for names that do not exist here: the names of Powertools, and misspelt ones."""

from __future__ import annotations

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import FrameType

_SHORTEST = 5  # characters; shorter names are too often close to another by chance
_LONG = 7  # characters of a name in which one letter may differ: `named` is not `names`


def check_free_names(
    what: str,
    kind: str,
    given: Iterable[str],
    options: Iterable[str],
    theirs: Mapping[str, str],
    otherwise: str = "",
) -> None:
    """Refuse names of free fields that are misspelt options, or options of Powertools.

    Args:
        what: the class, for the message: `"Logger"`.
        kind: the meaning of names that are not options, for the message: `"static field"`.
        given: the names.
        options: the options of the class.
        theirs: options of Powertools, and a sentence on what to use here.
        otherwise: the place of a free field that has such a name all the same; `""` if there is none.

    Raises:
        ConfigurationError: a name is one of these.
    """
    for name in given:
        said = theirs.get(name)
        if said is None:
            said = next((f"did you mean {option}?" for option in options if _is_misspelt(name, option)), None)
        if said is not None:
            raise ConfigurationError(
                f"{what}({name}=...): there is no such option, and the name is too close to one for a {kind}; {said}"
                f"{otherwise and f'; {otherwise}'}"
            )


def missing_attribute(owner: object, name: str, theirs: Mapping[str, str]) -> AttributeError:
    """Return the error for a missing attribute. It says what a method of Powertools is called here."""
    cls = type(owner)
    said = theirs.get(name)
    if said is None and not name.startswith("_"):
        from lambda_kit._kernel import callables

        said = callables.closest(name, [one for one in dir(cls) if not one.startswith("_")]).removeprefix("; ")
    text = f"{cls.__name__!r} object has no attribute {name!r}"
    return AttributeError(f"{text}; {said}" if said else text, name=name, obj=owner)


def missing_name(text: str, name: str, known: list[str], *, asking: FrameType) -> Exception:
    """Return the error for a name that a module does not have. It says what a name of Powertools is called here.

    Args:
        text: the message without a hint.
        name: the name.
        known: the names that the module exports.
        asking: the frame that asks for it. `from module import name` would replace the message of an AttributeError.
    """
    from lambda_kit._kernel import callables, peer_names, public_names

    said = peer_names.NAMES.get(name)
    if said is None and (places := public_names.places_of(name)):
        said = f"import it from {places[0] if 'lambda_kit' in places else ' or '.join(places)}"
    if said is None:
        said = callables.closest(name, known).removeprefix("; ")
    if not said:
        return AttributeError(text, name=name)
    return (ImportError if _imports(asking) else AttributeError)(f"{text}; {said}", name=name)


def _imports(frame: FrameType) -> bool:
    """Tell whether a frame is in the middle of `from module import name`."""
    from opcode import opmap

    code = frame.f_code
    of_package = code.co_filename == "<frozen importlib._bootstrap>"
    return of_package or code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]


def _is_misspelt(name: str, option: str) -> bool:
    """Tell whether two different names are equal but for letter case, underscores, and one letter or two swapped ones.

    `difflib` would decide better, and costs milliseconds in each cold start.
    """
    a, b = name.replace("_", "").lower(), option.replace("_", "").lower()
    if len(a) < _SHORTEST or abs(len(a) - len(b)) > 1:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    is_long = len(b) >= _LONG
    a, b = a[start:], b[start:]
    swapped = a[:2] == b[1::-1] and a[2:] == b[2:]
    return a[1:] == b or a == b[1:] or swapped or (is_long and a[1:] == b[1:])
