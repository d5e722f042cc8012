"""Which type a function belongs to: the configured map, and every other function as a type of its own."""

from __future__ import annotations

from collections.abc import Iterable

from salina_monitor.models import Function
from salina_monitor.settings import JobType, Settings, setting


class JobTypes:
    """Answers for function ids as Inngest spells them: short (v2) or prefixed by the app (v1, dashboards).

    `app_id` is that prefix. Only ids whose short form is configured are shortened: a function of an app
    named "pdf" may well be called "pdf-export".
    """

    def __init__(self, types: Iterable[JobType], *, app_id: str = setting("INNGEST_APP_ID").default) -> None:
        self._types = {t.id: t for t in types}
        self._prefix = f"{app_id}-"
        self._type_by_function = {
            spelling: t for t in self._types.values() for function in t.functions for spelling in self._both(function)
        }
        # What is written out in the map wins over a spelling that is only derived.
        self._type_by_function |= {function: t for t in self._types.values() for function in t.functions}

    @classmethod
    def of(cls, settings: Settings) -> JobTypes:
        return cls(settings.job_types, app_id=settings.inngest_app_id)

    def type_of(self, function_id: str) -> str:
        """The type's id; for a function that is not in the map its own id."""
        listed = self._type_by_function.get(function_id)
        return listed.id if listed else function_id

    def label_of(self, function_id: str, function_name: str | None) -> str:
        """The type's label; for a function that is not in the map its own name, else its id."""
        listed = self._type_by_function.get(function_id)
        return listed.label if listed else function_name or function_id

    def functions_of(self, type_id: str) -> tuple[str, ...]:
        """Every spelling of the function ids whose type is `type_id`: the inverse of `type_of`."""
        own = [function for function, t in self._type_by_function.items() if t.id == type_id]
        if type_id not in self._type_by_function:
            own.append(type_id)
        return tuple(own)

    def labels(self, known: Iterable[Function] = ()) -> dict[str, str]:
        """Type id → label: the configured types in their order, then the other known functions by name."""
        labels = {t.id: t.label for t in self._types.values()}
        others = {f.id: f.name for f in known if f.id not in self._type_by_function and f.id not in labels}
        return labels | dict(sorted(others.items(), key=lambda item: (item[1].casefold(), item[0])))

    def _both(self, function_id: str) -> tuple[str, str]:
        if function_id.startswith(self._prefix):
            return function_id.removeprefix(self._prefix), function_id
        return function_id, self._prefix + function_id
