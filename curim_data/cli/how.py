"""How hot spots are looked for at the command line: the method, and what it takes beside the filter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from curim_data.cli.frame import Refused
from curim_data.model.i18n import Message

if TYPE_CHECKING:
    from analysis.clusters.results import Cluster
    from analysis.hotspots.grouping import Spot


class Method(StrEnum):
    """How hot spots are found."""

    SIGNIFICANCE = "significance"
    CLUSTERS = "clusters"
    EMERGING = "emerging"
    DENSITY = "density"


class BaseWord(StrEnum):
    """What a place is compared with."""

    LAND = "land"
    ALERTS = "alerts"
    RESIDENTS = "residents"


class Weight(StrEnum):
    """How much an alert counts."""

    NONE = "none"
    SEVERITY = "severity"


class ClusterMethod(StrEnum):
    """How clusters are found: tested, or to explore only."""

    DBSCAN = "dbscan"
    HDBSCAN = "hdbscan"


@dataclass(frozen=True)
class How:
    """What places are compared with, how much an alert counts, and how clusters are found."""

    base: BaseWord = BaseWord.LAND
    weight: Weight = Weight.NONE
    cluster_method: ClusterMethod = ClusterMethod.DBSCAN

    def check(self, method: Method) -> None:
        """Refused for what a method does not know."""
        if self.base is not BaseWord.LAND and method is not Method.SIGNIFICANCE:
            raise Refused(Message("--base is for hot cells: use it with --method significance."))
        explored = self.cluster_method is ClusterMethod.HDBSCAN
        if (explored or self.weight is not Weight.NONE) and method is not Method.CLUSTERS:
            raise Refused(Message("--weight and --cluster-method are for --method clusters."))
        if explored and self.weight is not Weight.NONE:
            raise Refused(Message("HDBSCAN takes no weights: leave out --weight, or use --cluster-method dbscan."))

    @property
    def columns(self) -> tuple[str, ...]:
        """What the list tells beside the usual columns."""
        based = ("base_n", "rate") if self.base is not BaseWord.LAND else ()
        return based + (("weight",) if self.weight is not Weight.NONE else ())

    def more(self, spot: Spot | Cluster) -> dict[str, float | None]:
        """The values of these columns for a place."""
        return {name: round(float(getattr(spot, name)), 5) for name in self.columns}
