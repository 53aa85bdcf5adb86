"""All three answers in one; also describes the live version."""

from foretell import start
from foretell.contract import ModelName
from foretell.live import LiveModel
from foretell.web import create_app, lambda_handler

live = LiveModel(ModelName.COMPREHENSIVE)
app = create_app(ModelName.COMPREHENSIVE, live)
handler = lambda_handler(app)
start.prime(live)
