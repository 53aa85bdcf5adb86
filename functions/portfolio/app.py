"""Files to be scored, and what became of them."""

from foretell.web import lambda_handler
from foretell.web.portfolio import portfolio_app

app = portfolio_app()
handler = lambda_handler(app)
