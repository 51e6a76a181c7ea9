"""From alerts to incidents: which alerts are reports of one and the same incident.

Public: `learn_linking`, `link_reports`, `Linking`; for alerts that come later `link_and_judge`, `join`, `Rule`,
`Judged`, `Joined`.
"""

from analysis.incidents.joining import Joined, Judged, join, link_and_judge
from analysis.incidents.linking import Linking, learn_linking, link_reports
from analysis.incidents.rule import Rule

__all__ = ["Joined", "Judged", "Linking", "Rule", "join", "learn_linking", "link_and_judge", "link_reports"]
