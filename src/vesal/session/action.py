"""What a user can do to the objects of a session, as records that can be done again."""

from dataclasses import dataclass, replace

from vesal.errors import ConfigError, SessionError
from vesal.labels import Segment
from vesal.session.objects import OVERLAPS, Batch, Object, Objects, Outline


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Another object, which prompts are about from now on."""

    segment: Segment

    def on(self, objects: Objects) -> Objects:
        """The objects after it.

        Raises:
            SessionError: if another object has the name.
        """
        objects.check_name_is_free(self.segment.name)
        number = self.segment.number
        every = (*objects.every, Object(segment=self.segment))
        return replace(objects, every=every, current=number, last=max(objects.last, number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """What is said of an object from now on, with the answer to it."""

    number: int
    batches: tuple[Batch, ...]
    outline: Outline | None

    def on(self, objects: Objects) -> Objects:
        """The objects after it."""
        one = replace(objects.of(self.number), batches=self.batches, outline=self.outline)
        return replace(objects.changed(one), current=self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe:
    """Another name, colour or standing of an object; None leaves it as it is."""

    number: int
    name: str | None = None
    colour: tuple[int, int, int] | None = None
    accepted: bool | None = None
    locked: bool | None = None

    def on(self, objects: Objects) -> Objects:
        """The objects after it.

        Raises:
            ConfigError: no such object, or a name or colour out of range.
            SessionError: another object has the name; or an object without a mask is accepted.
        """
        one = objects.of(self.number)
        if self.name is not None:
            objects.check_name_is_free(self.name, self.number)
            one = replace(one, segment=replace(one.segment, name=self.name))
        if self.colour is not None:
            one = replace(one, segment=replace(one.segment, colour=self.colour))
        if self.accepted is not None:
            if self.accepted and (one.outline is None or one.outline.patch.is_empty):
                msg = f"{one.name} has no mask yet; say where it is before you accept it"
                raise SessionError(msg)
            one = replace(one, accepted=self.accepted)
        if self.locked is not None:
            one = replace(one, locked=self.locked)
        return objects.changed(one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """An object less."""

    number: int

    def on(self, objects: Objects) -> Objects:
        """The objects after it; the one before it is what prompts are about.

        Raises:
            ConfigError: no such object.
        """
        objects.of(self.number)
        every = tuple(one for one in objects.every if one.number != self.number)
        current = objects.current
        if current == self.number:
            before = [one.number for one in every if one.number < self.number]
            current = max(before, default=min((one.number for one in every), default=0))
        return replace(objects, every=every, current=current)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Whose a voxel is that two objects claim."""

    overlap: str

    def on(self, objects: Objects) -> Objects:
        """The objects after it.

        Raises:
            ConfigError: no such rule.
        """
        for rule in OVERLAPS:
            if rule == self.overlap:
                return replace(objects, overlap=rule)
        msg = f"overlap must be one of {', '.join(OVERLAPS)}, got {self.overlap!r}"
        raise ConfigError(msg)


Action = Begin | Say | Describe | Delete | Rule
