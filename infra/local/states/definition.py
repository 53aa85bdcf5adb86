"""A definition in the Amazon States Language, as typed data; what is not executed is refused.

Read, and of no effect here: Comment, Label, TimeoutSeconds, JitterStrategy, ExecutionType, and
FunctionName (all tasks go to the one function that is handed in).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_pascal

from infra.local.states.errors import NotUnderstood
from infra.local.states.paths import ITEM_PATH, PATH, REFERENCE_PATH, check_template

ALL: Final = "States.ALL"
"""Stands for any error that can be matched at all."""

_MOST_TOLD: Final = 5


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_pascal, allow_inf_nan=False
    )

    comment: str | None = None


def _with_paths(pattern: str) -> AfterValidator:
    def checked(template: dict[str, JsonValue]) -> dict[str, JsonValue]:
        check_template(template, pattern)
        return template

    return AfterValidator(checked)


Path = Annotated[str, Field(pattern=PATH)]
ReferencePath = Annotated[str, Field(pattern=REFERENCE_PATH)]
Template = Annotated[dict[str, JsonValue], _with_paths(PATH)]
ItemTemplate = Annotated[dict[str, JsonValue], _with_paths(ITEM_PATH)]
ErrorNames = Annotated[tuple[str, ...], Field(min_length=1)]
Seconds = Annotated[int, Field(ge=1)]


class Retrier(_Part):
    """When a failed state is tried again, and after which pauses."""

    error_equals: ErrorNames
    interval_seconds: Seconds = 1
    max_attempts: int = Field(default=3, ge=0)
    backoff_rate: float = Field(default=2.0, ge=1)
    max_delay_seconds: Seconds | None = None
    jitter_strategy: Literal["FULL", "NONE"] = "NONE"

    def pause(self, retries: int) -> float:
        """Seconds to wait after so many retries; jitter would shorten them."""
        seconds = self.interval_seconds * self.backoff_rate**retries
        return min(seconds, self.max_delay_seconds or seconds)


class Catcher(_Part):
    """Which state is next after an error."""

    error_equals: ErrorNames
    next: str
    result_path: ReferencePath | None = "$"


Handler = TypeVar("Handler", Retrier, Catcher)


def _wildcard_last(handlers: tuple[Handler, ...]) -> tuple[Handler, ...]:
    for place, handler in enumerate(handlers, start=1):
        alone_and_last = len(handler.error_equals) == 1 and place == len(handlers)
        if ALL in handler.error_equals and not alone_and_last:
            raise ValueError(f"{ALL} stands alone, and last")
    return handlers


Retry = Annotated[tuple[Retrier, ...], AfterValidator(_wildcard_last)]
Catch = Annotated[tuple[Catcher, ...], AfterValidator(_wildcard_last)]


class Invocation(_Part):
    """What the function is given."""

    function_name: str
    payload: Template


class Task(_Part):
    """Invokes the function."""

    type: Literal["Task"]
    resource: Literal["arn:aws:states:::lambda:invoke"]
    parameters: Invocation
    timeout_seconds: Seconds | None = None
    result_selector: Template | None = None
    result_path: ReferencePath | None = "$"
    output_path: Path | None = "$"
    retry: Retry = ()
    catch: Catch = ()
    next: str | None = None
    end: Literal[True] | None = None


class ReaderConfig(_Part):
    """How the items are written down: as one JSON array."""

    input_type: Literal["JSON"]


class ItemReader(_Part):
    """Where in S3 the items are: Bucket and Key."""

    resource: Literal["arn:aws:states:::s3:getObject"]
    reader_config: ReaderConfig
    parameters: Template


class ProcessorConfig(_Part):
    """Each item is an execution of its own."""

    mode: Literal["DISTRIBUTED"]
    execution_type: Literal["STANDARD", "EXPRESS"]


class Map(_Part):
    """Runs the states of its processor for each item of a list in S3."""

    type: Literal["Map"]
    label: str | None = None
    item_reader: ItemReader
    item_selector: ItemTemplate | None = None
    item_processor: "Processor"
    max_concurrency: int = Field(default=0, ge=0, description="0 is no limit.")
    tolerated_failure_percentage: float = Field(default=0, ge=0, le=100)
    result_path: ReferencePath | None = "$"
    output_path: Path | None = "$"
    retry: Retry = ()
    catch: Catch = ()
    next: str | None = None
    end: Literal[True] | None = None


class Pass(_Part):
    """Hands its input on, or a fixed result."""

    type: Literal["Pass"]
    result: JsonValue = None
    result_path: ReferencePath | None = "$"
    next: str | None = None
    end: Literal[True] | None = None


class Succeed(_Part):
    """Ends an execution well."""

    type: Literal["Succeed"]


class Fail(_Part):
    """Ends an execution with an error."""

    type: Literal["Fail"]
    error: str = ""
    error_path: Path | None = None
    cause: str = ""
    cause_path: Path | None = None


AnyState = Task | Map | Pass | Succeed | Fail


def _goes_one_way(state: AnyState) -> AnyState:
    if isinstance(state, Task | Map | Pass) and (state.next is None) == (state.end is None):
        raise ValueError("a state has either Next or End")
    return state


State = Annotated[AnyState, Field(discriminator="type"), AfterValidator(_goes_one_way)]


class Processor(_Part):
    """The states that each item of a Map goes through."""

    processor_config: ProcessorConfig
    start_at: str
    states: dict[str, State]


class Machine(_Part):
    """A whole state machine."""

    query_language: Literal["JSONPath"] = "JSONPath"
    timeout_seconds: Seconds | None = None
    start_at: str
    states: dict[str, State]


def parse(definition: Mapping[str, object]) -> Machine:
    """A definition, of which everything is understood.

    Raises:
        NotUnderstood: something is not executed here, or leads nowhere; it is named.
    """
    try:
        machine = Machine.model_validate(definition)
    except ValidationError as error:
        raise NotUnderstood("; ".join(_told(error))) from None
    for part in _parts(machine):
        if missing := {part.start_at, *_targets(part)} - part.states.keys():
            raise NotUnderstood(f"there is no state {', '.join(sorted(missing))}")
    return machine


def _told(error: ValidationError) -> Iterator[str]:
    for wrong in error.errors(include_url=False)[:_MOST_TOLD]:
        yield f"{'.'.join(str(step) for step in wrong['loc'])}: {wrong['msg']}"


def _parts(machine: Machine | Processor) -> Iterator[Machine | Processor]:
    yield machine
    for state in machine.states.values():
        if isinstance(state, Map):
            yield from _parts(state.item_processor)


def _targets(part: Machine | Processor) -> Iterator[str]:
    for state in part.states.values():
        if isinstance(state, Task | Map | Pass) and state.next is not None:
            yield state.next
        if isinstance(state, Task | Map):
            yield from (catcher.next for catcher in state.catch)
