"""The peer's training: one preprocessing, three models, a joblib file each."""

from pathlib import Path

import joblib
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBRegressor

from tests.benchmarks.peer.features import RECORD, preprocessing

SEED = 0


def train(customers: pd.DataFrame, folder: Path) -> None:
    """Fit on customer records with what each customer then did: `spend` and `churned`."""
    # Fitted and run once for all three models. A pipeline of its own in each model's file is the
    # more usual way; it would make the peer's answer slower by more than half.
    prepare = preprocessing()
    features = prepare.fit_transform(customers[RECORD])
    models = {
        "preprocessing": prepare,
        "clv": _clv().fit(features, customers["spend"]),
        "churn": _churn().fit(features, customers["churned"]),
        "segment": _segment().fit(features),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in models.items():
        joblib.dump(model, folder / f"{name}.joblib")


def _clv() -> XGBRegressor:
    # One thread: one row is too little to share out.
    return XGBRegressor(
        n_estimators=200, max_depth=6, learning_rate=0.05, n_jobs=1, random_state=SEED
    )


def _churn() -> RandomForestClassifier:
    # Without n_jobs: the threads that joblib would start for one row cost more than the row.
    return RandomForestClassifier(n_estimators=150, max_depth=10, random_state=SEED)


def _segment() -> Pipeline:
    return make_pipeline(StandardScaler(), KMeans(n_clusters=5, n_init=10, random_state=SEED))
