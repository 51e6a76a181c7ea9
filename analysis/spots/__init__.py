"""Hot spots as places that people know: a stable id, a name after a landmark, and a profile of their alerts.

Public: `naming.name_spots`, `naming.SpotName`, `naming.with_known_ids`,
`profile.profile_spot`, `profile.SpotProfile`, `profile.problem_for`.
"""
