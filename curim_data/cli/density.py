"""Hot spots by density at the command line: where alerts are densest, and the surface as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from curim_data.cli.frame import Refused, Run, write_file, write_table
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model.i18n import Message


def density(run: Run, source: Source, f: AlertFilter, out: Path | None) -> tuple[dict[str, Any], list[str]]:
    """The density under a filter: the answer for a script, and the lines for a reader.

    `out` gets the surface: its pixels as CSV, or the classes of the map as GeoJSON.
    """
    from analysis.density.kernel_density import figure
    from curim_data.studies.density import class_geojson, density_study, grid

    study = density_study(source, f, run.audience)
    t, surface = run.t, study.density
    if not study.enough:
        if out is not None:
            raise Refused(Message(study.too_few(t)))
        return {"n": surface.n, "told": study.too_few(t), "choices": [], "places": []}, [study.too_few(t)]
    if out is not None:
        if out.suffix.lower() == ".csv":
            write_table(out, grid(surface, source.city))
        else:
            write_file(out, class_geojson(surface, source.city).encode())
    places = [
        {
            "rank": rank,
            "name": peak.name(t),
            "density": peak.value.value,
            "low": peak.value.low,
            "high": peak.value.high,
            "longitude": round(peak.longitude, 5),
            "latitude": round(peak.latitude, 5),
        }
        for rank, peak in enumerate(study.peaks, start=1)
    ]
    answer = {
        "n": surface.n,
        "mean": surface.mean,
        "bandwidth": study.bandwidth.metres,
        "told": surface.sentence(t),
        "choices": [{"name": c.name, "value": c.value, "told": t(c.told)} for c in study.choices],
        "places": places,
    }
    lines = [surface.sentence(t)]
    for rank, peak in enumerate(study.peaks, start=1):
        told = t("{value} alerts per km² and month", value=figure(t, peak.value.value))
        lines.append(f"{rank}. {peak.name(t)} – {told}")
    return answer, [*lines, *(t(choice.told) for choice in study.choices)]
