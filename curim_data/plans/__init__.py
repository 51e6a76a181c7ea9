"""The database of what people write and do: plans with the history of their changes, meetings, sessions.

Public: `PlanStore` with its errors, in `plan_store`; `MeetingStore`, in `meetings`; `SignIns`, in `sign_ins`;
`Database`, in `database`, over the `tables`. `migrations` brings the schema of a new or an existing database up to date
when it is opened.
"""
