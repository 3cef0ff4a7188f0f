"""The pictures in the docs: every panel is there, and nobody is told that Grafana drew them."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tools.monitoring.boards import BOARDS
from tools.monitoring.picture import SAID, picture

IMAGES = Path(__file__).parents[2] / "docs/images"
SVG = "{http://www.w3.org/2000/svg}"
SERIES = [
    {"name": "one", "points": [(0.0, 1.0), (1.0, 3.0)]},
    {"name": "<two> & three", "points": [(1.0, 2.0)]},
]
DATA = {(board.uid, panel.title): SERIES for board in BOARDS for panel in board.panels}


def texts(drawn):
    return [entry.text for entry in ET.fromstring(drawn).iter(f"{SVG}text")]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_every_panel_is_drawn_with_its_series_and_whose_picture_it_is_is_said(board):
    found = texts(picture(board, DATA))
    assert "not by Grafana" in SAID
    assert SAID in found
    for panel in board.panels:
        assert panel.title in found
    assert "● <two> & three" in found


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_the_docs_have_a_picture_of_each_dashboard_as_it_is_now(board):
    found = texts((IMAGES / f"{board.uid}.svg").read_text())
    assert SAID in found
    assert {panel.title for panel in board.panels} <= set(found)


def test_shapes_stay_inside_their_picture():
    root = ET.fromstring(picture(BOARDS[0], DATA))
    width, height = float(root.get("width")), float(root.get("height"))
    for shape in (*root.iter(f"{SVG}polygon"), *root.iter(f"{SVG}polyline")):
        for spot in shape.get("points").split():
            x, y = map(float, spot.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height
