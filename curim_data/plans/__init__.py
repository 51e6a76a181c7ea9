"""The database of what people write and do: plans with their history, meetings, sessions, and who looked at what.

Public: `PlanStore` and `MeetingStore` with their errors, in `plan_store`; `Recorder`, `read_record` and `SignIns`, in
`record`; `Database` and its tables, in `database`.
"""
