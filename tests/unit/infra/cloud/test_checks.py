"""Whether a deployed API answers as it should."""

import pytest

from infra.cloud.checks import PATIENCE_SECONDS, check
from infra.cloud.errors import NotAnswering


class Api:
    """An API that says of its health what it is told to say, one answer after the other."""

    def __init__(self, *health, stranger=401):
        self.health, self.stranger = list(health), stranger
        self.seconds = 0.0

    def ask(self, url, body):
        if url.endswith("/health"):
            return self.health.pop(0) if len(self.health) > 1 else self.health[0]
        assert url == "https://api/predict/comprehensive"
        assert body
        return self.stranger

    def sleep(self, seconds):
        self.seconds += seconds

    def check(self):
        check("https://api", ask=self.ask, clock=lambda: self.seconds, sleep=self.sleep)


def test_a_healthy_api_that_refuses_strangers_is_well():
    Api(200).check()


def test_a_model_that_was_promoted_just_now_is_waited_for():
    api = Api(503, 503, 0, 200)

    api.check()

    assert 0 < api.seconds < PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("status", "said"), [(503, "no model is in service"), (0, "no answer"), (500, "500")]
)
def test_what_stays_ill_is_told_with_its_meaning(status, said):
    with pytest.raises(NotAnswering, match=said):
        Api(status).check()


@pytest.mark.parametrize("status", [200, 403, 500])
def test_a_stranger_who_is_not_refused_with_401_is_told_of(status):
    with pytest.raises(NotAnswering, match=f"answers {status} without a token"):
        Api(200, stranger=status).check()
