"""What `persllm build` says and asks where chat models write: estimates, remarks, shards."""

from collections.abc import Iterator

from persllm.training.data.teacher import Teacher
from persllm.training.data.teachers.chat_teacher import ChatTeacher
from persllm.training.data.teachers.several import SharedTeacher


def chat_teachers(teacher: Teacher) -> Iterator[ChatTeacher]:
    """Yield the chat models among those who write."""
    if isinstance(teacher, ChatTeacher):
        yield teacher
    elif isinstance(teacher, SharedTeacher):
        for each in teacher.teachers:
            yield from chat_teachers(each)


def summaries(teacher: Teacher) -> list[str]:
    """Return what asking took, a line for each chat model that was asked."""
    return [each.summary() for each in chat_teachers(teacher) if each.meter.calls]
