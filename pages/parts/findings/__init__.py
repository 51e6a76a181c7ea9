"""Findings as the pages show them: the chart, the words, the link that names one, and the query that finds them.

Public: `cached_changes`, `changes_since` (queries), `draw_finding_chart` (chart), `draw_tags`, `draw_finding_words`
(words), `finding_words`, `linked_finding` (link). Used by the Briefing, and by Trends for the finding that led there.
"""
