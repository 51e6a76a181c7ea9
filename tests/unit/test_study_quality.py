"""Quality of the stored data: piles with their reason, genders not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from curim_data.engine import open_source
from curim_data.model import CityProfile, Translator, translator
from curim_data.quality.report import findings
from curim_data.quality.study import likely_reason, quality_study
from curim_data.store import Home, Store
from tests.small import alert, small_source


def test_reasons_of_piles(city: CityProfile, t: Translator) -> None:
    middle, mark = city.land.centroid, city.landmarks[1]
    assert "middle of the city" in likely_reason(t, city, middle.x, middle.y)
    assert t.label(mark.labels) in likely_reason(t, city, mark.longitude + 1e-5, mark.latitude)
    assert "rounded" in likely_reason(t, city, 23.5, 37.9)
    assert "default position" in likely_reason(t, city, 23.512345, 37.912345)
    district = city.districts[0]
    point = district.polygon.centroid
    assert t.label(district.labels) in likely_reason(t, city, point.x, point.y)


def test_genders_and_unknown_categories_by_hand(tmp_path: Path) -> None:
    source = small_source(
        tmp_path,
        [
            alert(1, affected_gender="undisclosed", reporter_gender="woman"),
            alert(2, affected_gender="woman", reporter_gender="unknown"),
            alert(3, affected_gender="woman", reporter_gender="unknown"),
            alert(4, affected_gender="man", reporter_gender="man", category="odd"),
            alert(5, district=None, affected_gender="unknown", reporter_gender="man"),
        ],
    )
    found = quality_study(source, listed=True)
    told = found.genders.set_index("district")
    here = told.loc[told.index.notna()].iloc[0]
    nowhere = told.loc[told.index.isna()].iloc[0]
    assert (here["n"], here["affected"], here["reporter"]) == (4, 0.25, 0.5)
    assert (nowhere["n"], nowhere["affected"], nowhere["reporter"]) == (1, 1.0, 0.0)
    assert found.unknown.to_numpy().tolist() == [["odd", 1.0]]
    assert found.uncategorised == 0


@pytest.mark.parametrize(
    ("categories", "said", "attention"),
    [
        (["uncategorised"] * 3, "this export names none", True),
        (["uncategorised", "harassment_verbal"], "every category is in the list. 1 alert states no category.", False),
        (
            ["uncategorised", "odd"],
            "1 category is not in the city's list; 50.0 % of the alerts have it. 1 alert states no category.",
            True,
        ),
    ],
)
def test_alerts_without_a_category_are_no_category(
    tmp_path: Path, categories: list[str], said: str, attention: bool
) -> None:
    source = small_source(tmp_path, [alert(n, category=name) for n, name in enumerate(categories, 1)])
    study = quality_study(source, listed=True)
    assert study.uncategorised == categories.count("uncategorised")
    assert "uncategorised" not in set(study.unknown["category"])
    found = next(one for one in findings(translator("en"), study) if one.key == "unknown")
    assert said in found.sentence.replace("\xa0", " ")
    assert found.attention == attention


def test_the_sample_has_its_planted_pile(sample: Home) -> None:
    found = quality_study(open_source(sample), listed=True)
    points = Store(sample).read(["longitude", "latitude"]).to_pandas().dropna()
    assert found.default_coordinates["n"].tolist() == [points.value_counts().iloc[0]]
    assert found.coverage.complete
