"""Chat models as teachers: the contract, and what happens when a model misbehaves."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from persllm.errors import DataError, EngineError
from persllm.files import digest
from persllm.materials import Material, read_materials
from persllm.persona import Persona
from persllm.replies import parse_reply
from persllm.training.data.build import PersonaData, build, origin_of
from persllm.training.data.rules import RulesTeacher
from persllm.training.data.sampling import BuildSettings, split_of
from persllm.training.data.teacher import Assignment, Teacher
from persllm.training.data.teachers import AbsentTeacher, TeacherChoice, find_teacher
from persllm.training.data.teachers.chat_teacher import ChatTeacher
from persllm.training.data.teachers.model import LangChainModel
from persllm.training.data.teachers.prompts import load_prompts
from persllm.training.data.teachers.retrieval import Budgets, Shelves
from persllm.training.data.teachers.several import SharedTeacher
from persllm.training.data.teachers.store import AnswerStore
from persllm.training.data.teachers.wording import Wording
from tests.contracts.teacher_contract import TeacherContract
from tests.doubles import NANO_PROFILE, OTTO, LetterEmbeddings, MakePersona
from tests.mock_teacher import Served, answer_of, mock_teacher

Says = Callable[[Sequence[BaseMessage]], str]


class FakeChat(BaseChatModel):
    """Writes what a function makes of the messages, and counts."""

    says: Says
    calls: list[str] = []  # noqa: RUF012  pydantic copies it for each model

    @property
    def _llm_type(self) -> str:
        return "fake"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: object,
    ) -> ChatResult:
        self.calls.append("\n".join(message.text for message in messages))
        reply = AIMessage(
            content=self.says(messages),
            usage_metadata={"input_tokens": 90, "output_tokens": 10, "total_tokens": 100},
        )
        return ChatResult(generations=[ChatGeneration(message=reply)])


def well(messages: Sequence[BaseMessage]) -> str:
    """Return what a capable model would write, with some talk around it."""
    rows = [{"content": str(message.text)} for message in messages]
    made = answer_of(rows, digest(*(row["content"] for row in rows)))
    return f"Here you are:\n```json\n{made}\n```"


def teacher_of(
    materials: Sequence[Material],
    *,
    says: Says = well,
    kept: Path,
    plain: bool = False,
    remarks: tuple[str, ...] = (),
    at_once: int = 8,
) -> tuple[ChatTeacher, FakeChat]:
    model = FakeChat(says=says)
    teacher = ChatTeacher(
        LangChainModel(model, "fake:model"),
        wording=Wording(load_prompts(), plain=plain, remarks=remarks),
        shelves=Shelves(materials, LetterEmbeddings(), Budgets()),
        store=AnswerStore(kept),
        at_once=at_once,
    )
    return teacher, model


class _InAFolder(TeacherContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        self.folder = tmp_path_factory.mktemp("calls")
        self.made = 0

    def new_file(self) -> Path:
        self.made += 1
        return self.folder / f"{self.made}.sqlite"


class TestLangChainTeacher(_InAFolder):
    def make(self, materials: Sequence[Material]) -> Teacher:
        return teacher_of(materials, kept=self.new_file())[0]


class TestPlainTeacher(_InAFolder):
    def make(self, materials: Sequence[Material]) -> Teacher:
        return teacher_of(materials, kept=self.new_file(), plain=True)[0]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """Return a server of the OpenAI protocol that fails at times."""
    with mock_teacher(faults=0.2) as mock:
        yield mock


class TestHttpTeacher(_InAFolder):
    @pytest.fixture(autouse=True)
    def _server(self, served: Served) -> None:
        self.server = served

    def make(self, materials: Sequence[Material]) -> Teacher:
        return http_teacher(materials, self.server, self.new_file())


class TestSeveralTeachers(_InAFolder):
    def make(self, materials: Sequence[Material]) -> Teacher:
        chat = teacher_of(materials, kept=self.new_file())[0]
        return SharedTeacher((chat, RulesTeacher(materials)), (2.0, 1.0))


def http_teacher(
    materials: Sequence[Material], server: Served, kept: Path, **choice: object
) -> ChatTeacher:
    teacher = find_teacher(
        TeacherChoice(names=(server.name,), **choice),  # type: ignore[arg-type]
        materials,
        embeddings=LetterEmbeddings(),
        calls=kept,
    )
    assert isinstance(teacher, ChatTeacher)
    return teacher


@pytest.fixture
def persona(tiny_persona: MakePersona) -> Persona:
    return tiny_persona()


def built(
    persona: Persona, teacher: Teacher, out: Path, others: Sequence[Persona] = ()
) -> PersonaData:
    return build(
        persona,
        out=out,
        others=others,
        embeddings=LetterEmbeddings(),
        profile=NANO_PROFILE,
        teacher=teacher,
        settings=BuildSettings(per_part=4),
    )


def assignments_of(persona: Persona, pattern: str = "ordinary") -> list[Assignment]:
    return [
        Assignment(
            persona=persona,
            stage=persona.stage(material.stage),
            pattern=pattern,  # type: ignore[arg-type]
            material=material,
            variation=0,
            seed=1,
        )
        for material in read_materials(persona)
    ]


def test_a_build_is_written_by_the_model_and_credited_to_it(
    persona: Persona, tiny_persona: MakePersona, tmp_path: Path
) -> None:
    teacher, model = teacher_of(read_materials(persona), kept=tmp_path / "calls.sqlite")
    data = built(persona, teacher, tmp_path / "data", [tiny_persona(OTTO)])
    assert {item.teacher for item in data.items} == {teacher.name}
    assert teacher.name.startswith("fake:model (")
    assert {item.pattern for item in data.items} >= {"ordinary", "misleading", "true-premise"}
    assert teacher.meter.calls == len(model.calls) == len(AnswerStore(tmp_path / "calls.sqlite"))
    assert f"{100 * teacher.meter.calls:,} tokens" in teacher.summary()
    made = origin_of(tmp_path / "data")
    assert made is not None and made[1] == teacher.name


def test_the_answer_is_written_from_what_the_stage_may_know(
    persona: Persona, tmp_path: Path
) -> None:
    materials = read_materials(persona)
    teacher, model = teacher_of(materials, kept=tmp_path / "calls.sqlite")
    teacher.other_stages = False
    built(persona, teacher, tmp_path / "data")
    early = [call for call in model.calls if "<known>" in call and "It is the year 1879" in call]
    late = [m.text for m in materials if m.stage == "late"]
    assert early
    assert not any(text in call for call in early for text in late)


def test_the_same_question_is_answered_at_another_stage_from_that_stages_own_paragraphs(
    persona: Persona, tmp_path: Path
) -> None:
    materials = read_materials(persona)
    teacher, model = teacher_of(materials, kept=tmp_path / "calls.sqlite")
    assignments = [a for a in assignments_of(persona) if a.stage.id == "early"]
    drafts = [draft for draft in teacher.write(assignments) if draft]
    assert len(drafts) == len(assignments)
    for draft in drafts:
        assert draft.other_stage == "late"
        assert draft.other_response != draft.response
        calls = [call for call in model.calls if call.endswith(draft.question)]
        late = next(call for call in calls if "It is the year 1879" not in call)
        own = {m.stage for m in materials if m.text in late}
        assert own == {"late"}


def test_answers_are_written_from_the_paragraphs_of_their_own_split(
    persona: Persona, tiny_persona: MakePersona, tmp_path: Path
) -> None:
    materials = read_materials(persona)
    teacher, model = teacher_of(materials, kept=tmp_path / "calls.sqlite")
    data = built(persona, teacher, tmp_path / "data", [tiny_persona(OTTO)])
    splits = {m.text: split_of(m, BuildSettings(per_part=4)) for m in materials}
    questions = {item.question: item.split for item in data.items}
    answered = [call for call in model.calls if "<known>" in call]
    checked = 0
    for call in answered:
        split = next((questions[q] for q in questions if call.endswith(q)), None)
        if split:
            checked += 1
            assert {splits[text] for text in splits if text in call} == {split}
    assert checked > 10


def test_the_thoughts_of_a_wrong_answer_are_those_of_the_right_one(
    persona: Persona, tiny_persona: MakePersona, tmp_path: Path
) -> None:
    """A fixed form beside free prose would tell which is wrong."""
    teacher, _ = teacher_of(read_materials(persona), kept=tmp_path / "calls.sqlite")
    data = built(persona, teacher, tmp_path / "data", [tiny_persona(OTTO)])
    judged = [pair for pair in data.pairs if pair.why in ("induced", "over-denial")]
    assert judged
    for pair in judged:
        assert parse_reply(pair.chosen).analysis == parse_reply(pair.rejected).analysis != ""
    assert not any("I recall:" in pair.rejected for pair in data.pairs)


def test_a_follow_up_comes_with_the_exchange_before_it(persona: Persona, tmp_path: Path) -> None:
    teacher, model = teacher_of(read_materials(persona), kept=tmp_path / "calls.sqlite")
    drafts = [d for d in teacher.write(assignments_of(persona, "follow-up")) if d]
    assert drafts and all(len(draft.before) == 2 for draft in drafts)
    answered = [call for call in model.calls if "<known>" in call]
    assert all(any(d.before[0] in call for call in answered) for d in drafts)


def test_an_earlier_answer_is_wrong_only_where_it_is_an_opinion(
    persona: Persona, tmp_path: Path
) -> None:
    teacher, _ = teacher_of(read_materials(persona), kept=tmp_path / "calls.sqlite")
    assignments = [a for a in assignments_of(persona) if a.stage.id == "late"]
    for assignment, draft in zip(assignments, teacher.write(assignments), strict=True):
        assert draft is not None
        expected = "early" if assignment.material.kind == "subjective" else ""
        assert draft.other_stage == expected


def test_pairs_take_the_answer_of_the_other_stage(
    persona: Persona, tiny_persona: MakePersona, tmp_path: Path
) -> None:
    teacher, _ = teacher_of(read_materials(persona), kept=tmp_path / "calls.sqlite")
    data = built(persona, teacher, tmp_path / "data", [tiny_persona(OTTO)])
    replies = {item.id: item.reply for item in data.items}
    written = [pair for pair in data.pairs if pair.rejected_source.endswith("@late")]
    assert written
    assert all(pair.why == "other-stage" and pair.stage == "early" for pair in written)
    assert all(pair.chosen == replies[pair.chosen_item] != pair.rejected for pair in written)


def test_plain_answers_have_no_analysis(persona: Persona, tmp_path: Path) -> None:
    materials = read_materials(persona)
    teacher, model = teacher_of(materials, kept=tmp_path / "calls.sqlite", plain=True)
    data = built(persona, teacher, tmp_path / "data")
    assert data.items and not any("[Analysis]" in item.reply for item in data.items)
    assert not any("<examples>" in call for call in model.calls)


def test_a_reply_of_the_wrong_form_is_mended_once_and_then_left_out(
    persona: Persona, tmp_path: Path
) -> None:
    def poorly(messages: Sequence[BaseMessage]) -> str:
        mending = "Write it again" in messages[-1].text
        if "Marta" in messages[1].text and '"analysis"' not in messages[0].text:
            return "I would rather not."
        return well(messages[:-2]) if mending else '{"question": 3}'

    teacher, model = teacher_of(read_materials(persona), says=poorly, kept=tmp_path / "c.sqlite")
    data = built(persona, teacher, tmp_path / "data")
    assert data.items
    mended = [call for call in model.calls if "Write it again" in call]
    assert len(mended) == len(model.calls) - len(mended)
    assert all("JSON object" in why or "same" in why for why in teacher.left_out)


@pytest.mark.parametrize("dies_after", [1, 7, 30])
def test_a_failing_model_is_told_and_no_answer_is_asked_for_twice(
    dies_after: int, persona: Persona, tmp_path: Path
) -> None:
    kept = tmp_path / "calls.sqlite"
    spoken: list[str] = []

    def dying(messages: Sequence[BaseMessage]) -> str:
        if len(spoken) >= dies_after:
            raise ConnectionError("the line is dead")
        spoken.append("")
        return well(messages)

    materials = read_materials(persona)
    broken, _ = teacher_of(materials, says=dying, kept=kept, at_once=1)
    with pytest.raises(EngineError, match=r"the line is dead.*are kept; the same command goes on"):
        built(persona, broken, tmp_path / "broken")
    assert len(AnswerStore(kept)) == dies_after
    second, model = teacher_of(materials, kept=kept)
    continued = built(persona, second, tmp_path / "broken")
    whole_teacher, whole_model = teacher_of(materials, kept=tmp_path / "other.sqlite")
    whole = built(persona, whole_teacher, tmp_path / "whole")
    assert continued.items == whole.items
    assert len(model.calls) == len(whole_model.calls) - dies_after


def test_a_faulty_server_loses_nothing_and_is_asked_nothing_twice(
    persona: Persona, tmp_path: Path
) -> None:
    materials, assignments = read_materials(persona), assignments_of(persona)
    with mock_teacher(faults=0.4) as server:
        teacher = http_teacher(materials, server, tmp_path / "calls.sqlite")
        drafts = teacher.write(assignments)
        again = http_teacher(materials, server, tmp_path / "calls.sqlite")
        assert again.write(assignments) == drafts
        counts = server.counts()
    assert drafts.count(None) <= sum(teacher.left_out.values()) < len(drafts) / 2
    assert teacher.meter.repeated > 0 and again.meter.calls == 0
    assert set(counts["answered"].values()) == {1}
    assert len(counts["answered"]) == teacher.meter.calls == len(teacher.store)


def test_teachers_that_share_the_work_are_each_credited(persona: Persona, tmp_path: Path) -> None:
    materials = read_materials(persona)
    chat, _ = teacher_of(materials, kept=tmp_path / "calls.sqlite")
    data = built(persona, SharedTeacher((chat, RulesTeacher(materials)), (1, 1)), tmp_path / "data")
    assert {item.teacher for item in data.items} == {chat.name, "rules"}


def test_training_uses_the_build_of_a_teacher_that_is_gone(
    persona: Persona, tmp_path: Path
) -> None:
    teacher, _ = teacher_of(read_materials(persona), kept=tmp_path / "calls.sqlite")
    data = built(persona, teacher, tmp_path / "data")
    assert built(persona, AbsentTeacher(teacher.name), tmp_path / "data").items == data.items
    (persona.materials_folder / "more.md").write_text("## early\n\nI once saw a whale ashore.\n")
    with pytest.raises(DataError, match=r"written by fake:model.*persllm build"):
        built(persona, AbsentTeacher(teacher.name), tmp_path / "data")


@pytest.mark.parametrize(
    "name", ["no-such", "nowhere:model", "http://127.0.0.1:9/v1", "openai:gpt-4o-mini"]
)
def test_a_teacher_that_is_not_there_is_told(
    name: str, persona: Persona, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(EngineError, match=re.escape(name)):
        find_teacher(
            TeacherChoice(names=(name,)),
            read_materials(persona),
            embeddings=LetterEmbeddings(),
            calls=tmp_path / "calls.sqlite",
        )
