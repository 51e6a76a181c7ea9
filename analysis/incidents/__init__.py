"""From alerts to incidents: which alerts are reports of one and the same incident.

Public: `learn_linking`, `link_reports`, `Linking`.
"""

from analysis.incidents.linking import Linking, learn_linking, link_reports

__all__ = ["Linking", "learn_linking", "link_reports"]
