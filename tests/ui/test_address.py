"""Address and page in step, also where the browser is a moment behind: a filter that was chosen stays chosen."""

from __future__ import annotations

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from salina_monitor.models import JobStatus
from salina_monitor.ui import address
from salina_monitor.ui.filter_row import ChosenView
from salina_monitor.ui.session import BY_ITSELF
from tests.ui.stage import Stage, opened

S = JobStatus


class Time:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(address, "time", made)
    return made


def narrowed(stage: Stage) -> AppTest:
    """The System page on which somebody just pressed "Show" on the card of failed jobs."""
    stage.put(1, S.FAILED)
    stage.put(2, S.COMPLETED)
    stage.read()
    app = stage.open()
    app.button(key="card_failed_open").click().run()
    app.run()
    assert app.query_params == {"status": "failed"}
    return app


def status(app: AppTest) -> str:
    (row,) = (group for group in app.button_group if group.label == "Status")
    return str(row.value)


def again(app: AppTest, *, by_itself: bool, **address: str) -> str:
    """The whole page once more, for a browser with this address; the status that the list is narrowed to then."""
    app.query_params.clear()
    for name, value in address.items():
        app.query_params[name] = value
    if by_itself:
        app.session_state[BY_ITSELF] = True
    app.run()
    assert not app.exception
    return status(app)


def test_the_pages_clock_does_not_undo_a_choice_that_the_browser_has_not_heard_of(stage: Stage, passing: Time) -> None:
    """Seen while jobs were read: the list was narrowed, and a moment later it was not."""
    app = narrowed(stage)
    passing.now += 1
    assert again(app, by_itself=True) == "failed"
    assert again(app, by_itself=True, status="failed") == "failed"


def test_a_second_click_does_not_undo_the_first(stage: Stage, passing: Time) -> None:
    app = narrowed(stage)
    passing.now += 0.2
    assert again(app, by_itself=False) == "failed"


def test_who_goes_back_gets_what_was_there_before(stage: Stage, passing: Time) -> None:
    app = narrowed(stage)
    passing.now += 1
    assert again(app, by_itself=False) == ""
    assert again(app, by_itself=True) == ""
    passing.now += 10
    assert again(app, by_itself=False, status="completed") == "completed"


def test_an_address_that_stays_is_taken_in_the_end(stage: Stage, passing: Time) -> None:
    """Somebody went back in the very moment in which the page looked by itself."""
    app = narrowed(stage)
    assert again(app, by_itself=True) == "failed"
    passing.now += 4
    assert again(app, by_itself=True) == ""


def test_a_filter_begins_on_the_first_page_whatever_a_browser_that_is_behind_says(stage: Stage) -> None:
    """On page 2 somebody chose a filter; before the browser hears of it, its clock sends the old page once more."""
    for n in range(60):
        stage.put(n, S.FAILED if n % 2 else S.COMPLETED)
    stage.read()
    app = stage.open({"page": "2"})
    assert chosen_page(app) == 2
    (pages,) = app.get("pagination")
    behind = WidgetState(id=pages.proto.id, int_value=2)
    app.button(key="card_failed_open").click().run()
    assert chosen_page(app) == 1
    sent = app._tree.get_widget_states()
    sent.widgets.append(behind)
    app._run(sent)
    assert status(app) == "failed"
    assert chosen_page(app) == 1


def chosen_page(app: AppTest) -> int:
    view: ChosenView = app.session_state["_view"]
    return view.page


@pytest.mark.parametrize("name", ["failures", "health"])
def test_a_range_is_chosen_twice_in_a_row(stage: Stage, passing: Time, name: str) -> None:
    app = opened(name, stage.token)
    first, second = ("7d", "30d") if name == "failures" else ("7d", "90d")

    def choose(value: str) -> None:
        (row,) = (group for group in app.button_group if group.label == "Time range")
        row.set_value(value).run()

    choose(first)
    assert app.query_params == {"range": first}
    app.query_params.clear()  # the browser has not heard of it
    passing.now += 0.2
    choose(second)
    assert app.query_params == {"range": second}
    passing.now += 9
    choose("24h")
    assert app.query_params == {}
    app.query_params["range"] = first  # back
    app.run()
    app.run()
    assert app.query_params == {"range": first}
