"""Forecast of the next weeks: how many alerts, and where, each with a backtest (hit rate, PAI, PEI).

Public: `next_periods.forecast_counts`, `next_periods.forecast_next`, `places.forecast_places`,
`places.PlaceForecast`, `places.backtest`.
"""
