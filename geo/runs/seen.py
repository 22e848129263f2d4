"""What a run had seen when it read the sites of a shard, by which overlapping runs are put in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest inputs that a run knew.

    `site_seq` is {site id: its last history row}, `scene_seq` rises with every scene, and every reference
    polygon, that is registered. Of two results of one site the newer is the one that saw the later history
    row; where both saw the same, the one that saw more scenes.
    """

    scene_seq: int = 0
    site_seq: Mapping[int, int] = field(default_factory=dict)

    def of(self, site_id: int) -> dict[str, int]:
        """The two numbers as a result of the site keeps them."""
        return {"site_seq": self.site_seq.get(site_id, 0), "scene_seq": self.scene_seq}


NOTHING_SEEN: Final = Seen()
"""That of results which no run computed, older than any other."""
