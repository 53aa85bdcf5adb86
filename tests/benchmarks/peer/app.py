"""The peer: the same service as its users would write it, with FastAPI, pandas and scikit-learn."""

import os
from pathlib import Path
from typing import Annotated, Literal

import joblib
import pandas as pd
from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel, Field

from tests.benchmarks.peer.features import RECORD

MODELS = Path(os.environ["PEER_MODELS"])
RISKS = ((0.75, "Critical Risk"), (0.5, "High Risk"), (0.25, "Medium Risk"), (0, "Low Risk"))

# Loaded with the module, so that a Lambda function has them before its first request.
preprocessing = joblib.load(MODELS / "preprocessing.joblib")
clv_model = joblib.load(MODELS / "clv.joblib")
churn_model = joblib.load(MODELS / "churn.joblib")
segment_model = joblib.load(MODELS / "segment.joblib")

NotNegative = Annotated[float, Field(ge=0)]


class Customer(BaseModel):
    """The body of a request."""

    customer_id: str | None = None
    tenure_days: NotNegative
    recency: NotNegative
    frequency: NotNegative
    monetary: NotNegative
    age: NotNegative | None = None
    account_type: Literal["Basic", "Premium", "Enterprise"] | None = None
    avg_purchase_amount: NotNegative | None = None
    email_open_rate: NotNegative | None = None
    website_visits_per_month: NotNegative | None = None
    support_tickets: NotNegative | None = None


class Customers(BaseModel):
    """The body of a request about many customers."""

    records: list[Customer]


class Prediction(BaseModel):
    """All three answers."""

    customer_id: str | None
    customer_lifetime_value: float
    churn_probability: float
    risk_category: str
    segment_id: int


class Predictions(BaseModel):
    """An answer for each customer, in order."""

    predictions: list[Prediction]


app = FastAPI()


@app.post("/predict/comprehensive")
def predict(customer: Customer) -> Prediction:
    """All three answers for one customer."""
    return answers([customer])[0]


@app.post("/predict/comprehensive/batch")
def predict_batch(customers: Customers) -> Predictions:
    """The same for many customers, in one pass of each model."""
    return Predictions(predictions=answers(customers.records))


def answers(customers: list[Customer]) -> list[Prediction]:
    """One frame for all customers, one call of each model."""
    frame = pd.DataFrame([customer.model_dump() for customer in customers])
    # A column of nothing but None would otherwise hold objects, which numpy cannot take.
    numeric = {name: float for name in RECORD if name != "account_type"}
    features = preprocessing.transform(frame[RECORD].astype(numeric))
    values = clv_model.predict(features)
    churn = churn_model.predict_proba(features)[:, 1]
    segments = segment_model.predict(features)
    return [
        Prediction(
            customer_id=customer.customer_id,
            customer_lifetime_value=round(max(float(value), 0), 2),
            churn_probability=round(float(probability), 6),
            risk_category=risk(probability),
            segment_id=int(segment),
        )
        for customer, value, probability, segment in zip(
            customers, values, churn, segments, strict=True
        )
    ]


def risk(probability: float) -> str:
    """A probability in words."""
    return next(name for at_least, name in RISKS if probability >= at_least)


handler = Mangum(app, lifespan="off")
