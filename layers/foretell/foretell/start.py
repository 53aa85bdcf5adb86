"""How a function starts: quickly, with its model loaded, and from a snapshot.

Import it before everything else, and call `prime` when everything else is there.

Lambda SnapStart starts a function once, and every copy goes on from a snapshot of it.
"""

import gc

# While modules are imported nearly everything that is made stays, and the collector looks at all
# of it again and again: nearly a third of the time. `prime` sets it to work.
gc.disable()

import os  # noqa: E402
from types import ModuleType  # noqa: E402

from foretell import environment  # noqa: E402
from foretell.live import LiveModel  # noqa: E402


def prime(live: LiveModel) -> None:
    """Load the model now; and with SnapStart, into the snapshot.

    A copy may wake weeks later: the next request looks at the pointer at once, over a connection
    of its own.
    """
    live.preload()
    _register(live)
    _begin_collecting()


def _register(live: LiveModel) -> None:
    hooks = _hooks()
    if hooks is None:
        return

    def before_snapshot() -> None:
        live.preload()
        live.forget_connection()

    hooks.register_before_snapshot(before_snapshot)
    hooks.register_after_restore(live.look_again)


def _begin_collecting() -> None:
    # What was imported stays for as long as the function; no collection need look at it. On a
    # laptop the process holds other things, which have to be given back.
    if not gc.isenabled() and environment.FUNCTION_NAME in os.environ:
        gc.freeze()
    gc.enable()


def _hooks() -> ModuleType | None:
    # Only Lambda's own runtimes have it.
    try:
        import snapshot_restore_py  # type: ignore[import-not-found]  # noqa: PLC0415
    except ModuleNotFoundError:
        return None
    return snapshot_restore_py  # type: ignore[no-any-return]
