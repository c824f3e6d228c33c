"""The nine kinds of objects that plugins hand over, and what each must have."""

from __future__ import annotations

from arbvis_core import protocols
from arbvis_core.slotted import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One hook and the objects it collects.

    Attributes:
        hook: the hook's name.
        field: the registry's name for its objects.
        noun: one of them, in a sentence.
        protocol: what they look like; None for classes of options.
        methods: those that have no default.
        attributes: those that have no default, apart from `name`.
    """

    hook: str
    field: str
    noun: str
    protocol: type | None
    methods: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ("priority",)


#: `name` is required of all but option groups, which are classes.
KINDS = (
    Kind(
        "arbvis_source_providers",
        "source_providers",
        "source provider",
        protocols.SourceProvider,
        ("matches", "open"),
    ),
    Kind("arbvis_formats", "formats", "format", protocols.Format, ("matches", "parse")),
    Kind(
        "arbvis_prepare_sources",
        "enrichers",
        "enricher",
        protocols.Enricher,
        ("matches", "enrich"),
    ),
    Kind(
        "arbvis_diff_builders",
        "diff_builders",
        "diff builder",
        protocols.DiffBuilder,
        ("matches", "build"),
    ),
    Kind(
        "arbvis_derivations",
        "derivations",
        "derivation",
        protocols.Derivation,
        ("matches", "derive"),
    ),
    Kind("arbvis_layouts", "layouts", "layout", protocols.Layout, ("matches", "arrange")),
    Kind(
        "arbvis_leaf_renderers",
        "renderers",
        "leaf renderer",
        protocols.LeafRenderer,
        ("planes", "present", "reads", "paint", "shade"),
        (),
    ),
    Kind("arbvis_options", "options", "option group", None, (), ()),
    Kind("arbvis_commands", "commands", "command", protocols.Command, (), ("help", "load")),
)

#: What every decoder must bring itself.
DECODER = Kind("", "decoders", "decoder", protocols.Decoder, ("decode",), ("encodings",))
