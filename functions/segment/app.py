"""Which of the five personas a customer is."""

from foretell import start
from foretell.contract import ModelName
from foretell.live import LiveModel
from foretell.web import create_app, lambda_handler

live = LiveModel(ModelName.SEGMENT)
app = create_app(ModelName.SEGMENT, live)
handler = lambda_handler(app)
start.prime(live)
