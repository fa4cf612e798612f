"""What the encoder says of a text: how its outputs are laid out, by columns."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from classifier.model import URGENCIES


class Heads:
    """Where each head's outputs stand: the main type, each type's presence, kind and urgency."""

    def __init__(self, codes: Sequence[str], kinds: Sequence[str]) -> None:
        """Count the heads' widths."""
        types, others = len(codes), len(kinds)
        self.main: Final = slice(0, types)
        self.present: Final = slice(types, 2 * types)
        self.kind: Final = slice(2 * types, 2 * types + others)
        self.urgency: Final = slice(2 * types + others, 2 * types + others + len(URGENCIES))
        #: Which of the types lie outside the field.
        self.outside: Final = np.array([code[0] == "Z" for code in codes])
        self.count: Final = self.urgency.stop
