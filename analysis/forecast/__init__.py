"""Forecast of the next weeks: how many alerts, and where, each with a backtest (hit rate, PAI, PEI).

Public: `counts.forecast_counts`, `places.forecast_places`, `places.PlaceForecast`, `counts.CountForecast`,
`backtest.backtest`.
"""
