"""All that was done, and where in it one stands: undo and redo move along it."""

from dataclasses import dataclass, replace

from vesal.errors import SessionError
from vesal.session.action import Action
from vesal.session.objects import Objects


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Actions and the objects after each; never changed.

    Attributes:
        actions: all that was done, oldest first, with what was undone and may be done again.
        moments: the objects at the beginning and after each action.
        position: how many of the actions count.
    """

    actions: tuple[Action, ...] = ()
    moments: tuple[Objects, ...] = (Objects(),)
    position: int = 0

    @property
    def now(self) -> Objects:
        """The objects as they are."""
        return self.moments[self.position]

    def done(self, action: Action) -> "History":
        """The history after one more action; what was undone is forgotten.

        Raises:
            VesalError: as the action does.
        """
        after = action.on(self.now)
        end = self.position
        return History(
            actions=(*self.actions[:end], action),
            moments=(*self.moments[: end + 1], after),
            position=end + 1,
        )

    def undone(self) -> "History":
        """One action back.

        Raises:
            SessionError: at the beginning.
        """
        if self.position == 0:
            raise SessionError("there is nothing to undo")
        return replace(self, position=self.position - 1)

    def redone(self) -> "History":
        """One action on.

        Raises:
            SessionError: at the end.
        """
        if self.position == len(self.actions):
            raise SessionError("there is nothing to redo")
        return replace(self, position=self.position + 1)

    def looking_at(self, number: int) -> "History":
        """The same with another object being the current one: no action, nothing to undo.

        Raises:
            ConfigError: no such object.
        """
        self.now.of(number)
        moment = replace(self.now, current=number)
        moments = (*self.moments[: self.position], moment, *self.moments[self.position + 1 :])
        return replace(self, moments=moments)
