"""Whether a customer is about to leave."""

from foretell import start
from foretell.contract import ModelName
from foretell.live import LiveModel
from foretell.web import create_app, lambda_handler

live = LiveModel(ModelName.CHURN)
app = create_app(ModelName.CHURN, live)
handler = lambda_handler(app)
start.prime(live)
