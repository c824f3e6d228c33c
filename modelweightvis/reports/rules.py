"""The rules that findings come from: one table, for reports and for live views."""

from __future__ import annotations

from typing import Literal, NamedTuple

from modelweightvis.render.profiles import OUTLIER

#: A kurtosis that is extreme; a normal distribution has 3.
KURTOSIS = 30.0
#: A weight may be super if it is so many times the rms of its tensor …
SUPER = 24.0
#: … and that is so many times what is usual, the median over the down projections of its stack …
BEYOND = 2.0
#: … of which there have to be so many, and if it is in this share of the layers, from the first on.
PEERS, EARLY = 3, 0.25
#: Of a short stack, so many layers are early ones.
FIRST = 4


class Rule(NamedTuple):
    """What is looked for.

    Attributes:
        kind: what is found, in a word.
        severity: `error` for what is surely wrong, `warning` for what probably is, `note` for what
            is worth a look.
        text: the rule itself; `{axis}` is `row` or `column`.
        why: what it may mean.
    """

    kind: str
    severity: Literal["error", "warning", "note"]
    text: str
    why: str


#: The gravest first.
RULES = (
    Rule(
        "non-finite",
        "error",
        "any value is NaN or infinite",
        "The file is damaged, or training diverged. Whatever is computed with it is lost.",
    ),
    Rule(
        "zero tensor",
        "warning",
        "all values are zero",
        "Nothing was written there, or the tensor has no effect. LoRA's B is zero before training.",
    ),
    Rule(
        "dead head",
        "warning",
        "all values of a head are zero",
        "An attention head that was pruned, or never learnt.",
    ),
    Rule(
        "zero rows",
        "warning",
        "all values of a row are zero",
        "Pruned neurons; words of an embedding that were never trained.",
    ),
    Rule("zero columns", "warning", "all values of a column are zero", "Inputs that are ignored."),
    Rule(
        "duplicate",
        "warning",
        "the same values in the same order",
        "Tied weights that are stored twice, layers that were copied to make a model deeper.",
    ),
    Rule(
        "super-weight candidate",
        "note",
        f"a weight of an MLP's down projection, in the first quarter of the layers or the first "
        f"{FIRST}, of at least {SUPER:g} times the rms of its tensor, and at least {BEYOND:g} times "
        f"the median over all layers of the largest such ratio",
        "A candidate for what Yu et al., “The Super Weight in Large Language Models” (2024), "
        "describe: a single weight without which a model writes nonsense, and which a quantisation "
        "has to spare. Only a forward pass proves it. Not every super weight is the largest of its "
        "tensor, so others may be there.",
    ),
    Rule(
        "heavy tail",
        "note",
        f"kurtosis of a matrix above {KURTOSIS:g} (3 is normal)",
        "A few values are far from all others: blocks that hold one are quantised coarsely.",
    ),
    Rule(
        "outlier channel",
        "note",
        f"rms of a {{axis}} above {OUTLIER:g} times the median of its tensor",
        "Channels that carry most of the activations, and cost most when they are quantised.",
    ),
)
#: By kind, in the order of the table.
BY_KIND = {one.kind: one for one in RULES}
