"""A case in which people's own hooks fail after Jupyter has written the file."""

import signal

from chaos.world import Outcome, World, save_round_and_round

#: A hook that fails for every other save.
HOOK = """
from itertools import count
saves = count()

def fail(**members):
    if next(saves) % 2:
        raise RuntimeError("the hook fails")

c.FileContentsManager.post_save_hook = fail
"""


def hook_fails(world: World, saves: int, kills: int) -> Outcome:
    """Every other save is answered with 500 after it was written; then a kill -9."""
    world.lines, world.written = HOOK, {200, 201, 500}
    for _ in range(2):
        with world.server().start() as server:
            save_round_and_round(world, server, saves)
            server.stop(signal.SIGKILL)
    with world.server().start() as server:
        world.wait_until_drained()
        failed = server.log.count("RuntimeError: the hook fails")
    assert failed >= saves, f"the hook failed {failed} times"
    return world.outcome("post-save hook fails", f"{failed} answers were 500")
