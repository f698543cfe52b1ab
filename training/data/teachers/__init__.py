"""Who writes items besides the rules: chat models, found by name."""

from persllm.training.data.teachers.named import (
    AbsentTeacher,
    TeacherChoice,
    find_model,
    find_teacher,
)

__all__ = ["AbsentTeacher", "TeacherChoice", "find_model", "find_teacher"]
