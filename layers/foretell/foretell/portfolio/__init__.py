"""Files to be scored, and what became of them: what the portfolio's function says about both.

It reads and signs; scoring is the business of foretell.batch.
"""
