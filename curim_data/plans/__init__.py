"""Intervention plans in a database, with the history of their changes.

Public: `PlanStore` with its errors, in `plan_store`; `MeetingStore`, in `meetings`. `migrations` brings the schema of a
new or an existing database up to date when a store is opened.
"""
