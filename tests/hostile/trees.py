"""Hostile JSON and XML: nested without end, with numbers and names without end, with entities."""

from __future__ import annotations

from tests.hostile.tables import BOMB, OUTSIDE, REMOTE, SQUARED

RECORD = '{"id":1,"date":"2026-03-01","category":"x","lat":37.94,"lon":23.64'


def _features(*features: str, more: str = "") -> bytes:
    return f'{{"type":"FeatureCollection",{more}"features":[{",".join(features)}]}}'.encode()


def _feature(geometry: str, name: str = "a") -> str:
    return f'{{"type":"Feature","properties":{{"name":"{name}"}},"geometry":{geometry}}}'


def json_files() -> dict[str, bytes]:
    """JSON and GeoJSON."""
    polygon = '{"type":"Polygon","coordinates":[[[23.6,37.9],[23.7,37.9],[23.7,38.0],[23.6,37.9]]]}'
    nested = '{"type":"GeometryCollection","geometries":[' * 50_000 + "]}" * 50_000
    return {
        "lists.json": b"[" * 3_000_000,
        "objects.json": b'{"a":' * 500_000,
        "deep-record.json": f'[{RECORD},"x":{"[" * 100_000}{"]" * 100_000}}}]'.encode(),
        "deep-objects.json": ("[" + RECORD + ',"x":' + '{"a":' * 900 + "1" + "}" * 900 + "}]").encode(),
        "long-number.json": f'[{RECORD},"x":{"9" * 2_000_000}}}]'.encode(),
        "exponent.json": f'[{RECORD},"x":1e999999999}},{RECORD},"x":1e-999999999}}]'.encode(),
        "latitude.json": b'[{"id":1,"date":"2026-03-01","category":"x","lat":1e99999999,"lon":-1e99999999}]',
        "labels.json": b"[" + b",".join(b'{"id":%d,"k%d":1}' % (n, n) for n in range(40_000)) + b"]",
        "long-label.json": b'[{"' + b"x" * 5_000_000 + b'":1,"id":2},{"id":3}]',
        "long-text.json": b'[{"id":1,"date":"2026-03-01","category":"' + b"x" * 30_000_000 + b'","lat":1,"lon":2}]',
        "cut.json": b'[{"id":1,"date":"2026-',
        "zeros.json": b'[{"id":1}' + bytes(1_000_000),
        "geometry-deep.geojson": _features(_feature(nested)),
        "coordinates-deep.geojson": _features(
            _feature('{"type":"Polygon","coordinates":' + "[" * 100_000 + "]" * 100_000 + "}")
        ),
        "coordinates-huge.geojson": _features(_feature('{"type":"Point","coordinates":[1e308,-1e308]}')),
        "coordinates-words.geojson": _features(_feature('{"type":"Point","coordinates":["a",{"b":1}]}')),
        "crs-file.geojson": _features(
            _feature(polygon), more='"crs":{"properties":{"name":"+proj=longlat +nadgrids=/etc/passwd"}},'
        ),
        "crs-deep.geojson": _features(_feature(polygon), more=f'"crs":{"[" * 50_000}{"]" * 50_000},'),
        "crossings.geojson": _features(_feature(_star(6_000))),
        "combs.geojson": _features(_feature(_comb(12_000, False), "a"), _feature(_comb(12_000, True), "b")),
        "page.geojson": _features(_feature(polygon, "<img src=x onerror=alert(1)>[P](https://evil.example)")),
    }


def _star(corners: int) -> str:
    """A polygon whose edges all cross each other."""
    half = corners // 2
    points = [(23.6 + 0.1 * n / half, 37.9 + 0.1 * (n % 2)) for n in range(half)]
    points += [(23.6 + 0.1 * (n % 2), 37.9 + 0.1 * n / half) for n in range(half)]
    told = ",".join(f"[{x:.6f},{y:.6f}]" for x, y in (*points, points[0]))
    return f'{{"type":"Polygon","coordinates":[[{told}]]}}'


def _comb(teeth: int, turned: bool) -> str:
    """A valid polygon of many thin teeth; one that is turned crosses each tooth of one that is not."""
    step = 0.1 / teeth
    points = [(0.0, -0.01)]
    for n in range(teeth):
        points += [(n * step, 0.1), (n * step + step / 2, 0.1), (n * step + step / 2, 0.0), ((n + 1) * step, 0.0)]
    points += [(0.1, -0.01), (0.0, -0.01)]
    told = ",".join(f"[{23.6 + (y if turned else x):.9f},{37.9 + (x if turned else y):.9f}]" for x, y in points)
    return f'{{"type":"Polygon","coordinates":[[{told}]]}}'


def xml_files() -> dict[str, bytes]:
    """XML."""

    def alerts(before: str = "", text: str = "x") -> bytes:
        rows = "".join(f"<alert><id>{n}</id><date>2026-03-01</date><what>{text}</what></alert>" for n in range(3))
        return f'<?xml version="1.0"?>{before}<alerts>{rows}</alerts>'.encode()

    names = "".join(f"<alert><id>{n}</id><k{n}>1</k{n}></alert>" for n in range(40_000))
    return {
        "entities.xml": alerts(BOMB, "&j;"),
        "outside.xml": alerts(OUTSIDE, "&j;"),
        "remote.xml": alerts(REMOTE),
        "squared.xml": alerts(SQUARED, "&j;" * 10_000),
        "deep.xml": b"<a>" * 1_000_000,
        "deep-closed.xml": b"<r>" + b"<a>" * 50_000 + b"x" + b"</a>" * 50_000 + b"<b>1</b><b>2</b></r>",
        "attributes.xml": b"<r><a " + b" ".join(b'k%d="1"' % n for n in range(100_000)) + b"/><a/></r>",
        "names.xml": f"<alerts>{names}</alerts>".encode(),
        "long-name.xml": b"<r><" + b"x" * 5_000_000 + b"/></r>",
        "long-text.xml": alerts(text="x" * 10_000_000),
        "include.xml": alerts(text='<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'),
        "osm.osm": b'<?xml version="1.0"?><osm version="0.6">' + b'<node id="1" lat="1e309" lon="x"/>' * 10 + b"<way",
    }
