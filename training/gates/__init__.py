"""What stands between a transaction log and a live version.

`data` refuses what nothing can be learnt from. `promotion` holds back a version whose forecasts
are no better than a guess, or worse than those of the live version: it is published, and stays
where it is until somebody promotes it.
"""
