"""What a customer will be worth."""

from foretell import start
from foretell.contract import ModelName
from foretell.live import LiveModel
from foretell.web import create_app, lambda_handler

live = LiveModel(ModelName.CLV)
app = create_app(ModelName.CLV, live)
handler = lambda_handler(app)
start.prime(live)
