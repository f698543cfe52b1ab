"""What every teacher promises. Subclass and say how yours is made."""

from collections.abc import Sequence

import pytest

from persllm.materials import Material, read_materials
from persllm.persona import Persona
from persllm.training.data.items import PATTERNS
from persllm.training.data.teacher import Assignment, Teacher
from tests.doubles import MakePersona


class TeacherContract:
    """Tests that hold for rules and for chat models alike."""

    def make(self, materials: Sequence[Material]) -> Teacher:
        """Return the teacher under test, for a persona of these materials."""
        raise NotImplementedError

    @pytest.fixture
    def persona(self, tiny_persona: MakePersona) -> Persona:
        """Return who is written about."""
        return tiny_persona()

    @pytest.fixture
    def materials(self, persona: Persona) -> tuple[Material, ...]:
        """Return what the persona left behind."""
        return read_materials(persona)

    @pytest.fixture
    def assignments(self, persona: Persona, materials: tuple[Material, ...]) -> list[Assignment]:
        """Return every pattern from every fourth paragraph, twice."""
        return [
            Assignment(
                persona=persona,
                stage=persona.stage(material.stage),
                pattern=pattern,
                material=material,
                variation=variation,
                seed=1,
            )
            for material in materials[::4]
            for pattern in PATTERNS
            for variation in (0, 1)
        ]

    def test_there_is_one_answer_an_assignment_in_order(
        self, materials: tuple[Material, ...], assignments: list[Assignment]
    ) -> None:
        """A draft depends on its own assignment, not on its neighbours."""
        together = self.make(materials).write(assignments)
        assert len(together) == len(assignments)
        assert self.make(materials).write(assignments[::-1]) == together[::-1]

    def test_the_same_assignment_gets_the_same_draft(
        self, materials: tuple[Material, ...], assignments: list[Assignment]
    ) -> None:
        """Asked again, the teacher repeats itself."""
        teacher = self.make(materials)
        assert teacher.write(assignments[:8]) == teacher.write(assignments[:8])

    def test_a_draft_has_question_and_response(
        self, materials: tuple[Material, ...], assignments: list[Assignment]
    ) -> None:
        """What cannot be written is None, never empty."""
        drafts = [draft for draft in self.make(materials).write(assignments) if draft]
        assert drafts
        assert all(draft.question.strip() and draft.response.strip() for draft in drafts)

    def test_a_misleading_draft_says_what_is_false(
        self, materials: tuple[Material, ...], assignments: list[Assignment]
    ) -> None:
        """Only misleading turns have a false premise."""
        drafts = self.make(materials).write(assignments)
        for assignment, draft in zip(assignments, drafts, strict=True):
            if draft is not None:
                assert bool(draft.false_premise) == (assignment.pattern == "misleading")

    def test_a_claim_names_its_detail(
        self, materials: tuple[Material, ...], assignments: list[Assignment]
    ) -> None:
        """Claims, and no others, say what is claimed."""
        drafts = self.make(materials).write(assignments)
        for assignment, draft in zip(assignments, drafts, strict=True):
            if draft is not None:
                claim = assignment.pattern in ("misleading", "true-premise")
                assert bool(draft.said and draft.known) == claim

    def test_the_answer_of_another_stage_names_it(
        self, persona: Persona, materials: tuple[Material, ...], assignments: list[Assignment]
    ) -> None:
        """Where there is one, it is of another stage of the persona, and another answer."""
        drafts = self.make(materials).write(assignments)
        for assignment, draft in zip(assignments, drafts, strict=True):
            if draft is not None and draft.other_stage:
                assert draft.other_stage in {stage.id for stage in persona.stages}
                assert draft.other_stage != assignment.stage.id
                assert draft.other_response not in ("", draft.response)

    def test_what_was_said_before_is_whole_exchanges(
        self, materials: tuple[Material, ...], assignments: list[Assignment]
    ) -> None:
        """A follow-up needs the turns before it; they are a visitor's and the persona's in turn."""
        drafts = self.make(materials).write(assignments)
        for assignment, draft in zip(assignments, drafts, strict=True):
            if draft is not None:
                assert len(draft.before) % 2 == 0
                assert bool(draft.before) or assignment.pattern != "follow-up"

    def test_nothing_asked_is_nothing_written(self, materials: tuple[Material, ...]) -> None:
        """No assignments, no drafts."""
        assert self.make(materials).write([]) == []

    def test_a_teacher_has_a_name(self, materials: tuple[Material, ...]) -> None:
        """Items are credited to it."""
        assert self.make(materials).name
