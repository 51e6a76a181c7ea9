"""The database of what people write and do: plans with their history, meetings, sessions, and who looked at what.

Public: `PlanStore` with its errors, in `plan_store`; `MeetingStore`, in `meetings`; `SignIns`, in `sign_ins`;
`Recorder` and `read_record`, in `record`; `Database` and its tables, in `database`. `migrations` brings the schema
of a new or an existing database up to date when it is opened.
"""
