"""A chat model as teacher: the contract, and what happens when the model misbehaves."""

import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from persllm.embeddings import embed
from persllm.errors import DataError, EngineError
from persllm.materials import Material, read_materials
from persllm.persona import Persona
from persllm.training.data.build import PersonaData, build, origin_of
from persllm.training.data.calls import CallStore
from persllm.training.data.chat_teacher import ChatTeacher
from persllm.training.data.drafting import Library
from persllm.training.data.prompts import NAMES, SHIPPED, load_prompts
from persllm.training.data.sampling import BuildSettings
from persllm.training.data.teacher import Teacher
from persllm.training.data.teachers import AbsentTeacher, TeacherChoice, find_teacher
from tests.contracts.teacher_contract import TeacherContract
from tests.doubles import OTTO, LetterEmbeddings, MakePersona

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
    """Return what a capable model would write, from the words of the material."""
    told, asked = messages[0].text, messages[1].text
    if '"analysis"' in told:
        return json.dumps(
            {
                "analysis": "They ask.",
                "response": f"I say so, {len(asked)} times.",
                "wrong_response": "Yes.",
            }
        )
    word = max(re.findall(r"\w+", asked.removeprefix("<text>").split("</text>")[0]), key=len)
    said = "Atlantis" if '"known"' in told else word
    made = {"question": f"Is it {said}? {len(asked)}", "said": said, "known": word}
    return f"Here you are:\n```json\n{json.dumps(made)}\n```"


def teacher_of(
    materials: Sequence[Material], *, says: Says = well, kept: Path | None = None
) -> tuple[ChatTeacher, FakeChat]:
    embeddings, model = LetterEmbeddings(), FakeChat(says=says)
    texts = [material.text for material in materials]
    teacher = ChatTeacher(
        model=model,
        model_name="fake:model",
        library=Library(tuple(materials), embed(embeddings, texts)),
        embeddings=embeddings,
        prompts=load_prompts(),
        calls=CallStore(kept or Path("/nonexistent")),
    )
    return teacher, model


class TestChatTeacher(TeacherContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        self.folder = tmp_path_factory.mktemp("calls")
        self.made = 0

    def make(self, materials: Sequence[Material]) -> ChatTeacher:
        self.made += 1
        return teacher_of(materials, kept=self.folder / f"{self.made}.jsonl")[0]


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
        teacher=teacher,
        settings=BuildSettings(per_part=4),
    )


def test_a_build_is_written_by_the_model_and_credited_to_it(
    persona: Persona, tiny_persona: MakePersona, tmp_path: Path
) -> None:
    teacher, model = teacher_of(read_materials(persona), kept=tmp_path / "calls.jsonl")
    data = built(persona, teacher, tmp_path / "data", [tiny_persona(OTTO)])
    assert {item.teacher for item in data.items} == {teacher.name}
    assert teacher.name.startswith("fake:model (")
    assert {item.pattern for item in data.items} >= {"ordinary", "misleading", "true-premise"}
    assert teacher.asked == len(model.calls) == len(CallStore(tmp_path / "calls.jsonl"))
    assert f"{100 * teacher.asked:,} tokens" in teacher.summary()
    made = origin_of(tmp_path / "data")
    assert made is not None and made[1] == teacher.name


def test_the_answer_is_written_from_what_the_stage_may_know(
    persona: Persona, tmp_path: Path
) -> None:
    materials = read_materials(persona)
    teacher, model = teacher_of(materials, kept=tmp_path / "calls.jsonl")
    built(persona, teacher, tmp_path / "data")
    early = [call for call in model.calls if "<known>" in call and "It is the year 1879" in call]
    late = [m.text for m in materials if m.stage == "late"]
    assert early
    assert not any(text in call for call in early for text in late)


def test_a_reply_of_the_wrong_form_is_mended_once_and_then_left_out(
    persona: Persona, tmp_path: Path
) -> None:
    def poorly(messages: Sequence[BaseMessage]) -> str:
        mending = len(messages) > 2
        if "Marta" in messages[1].text and '"analysis"' not in messages[0].text:
            return "I would rather not."
        return well(messages[:2]) if mending else '{"question": 3}'

    teacher, model = teacher_of(read_materials(persona), says=poorly, kept=tmp_path / "c.jsonl")
    data = built(persona, teacher, tmp_path / "data")
    assert data.items
    assert sum("Write it again" in call for call in model.calls) == len(model.calls) // 2
    assert all("no JSON object" in why for why in teacher.left_out)


@pytest.mark.parametrize("dies_after", [1, 7, 30])
def test_a_failing_model_is_told_and_no_answer_is_asked_for_twice(
    dies_after: int, persona: Persona, tmp_path: Path
) -> None:
    kept = tmp_path / "calls.jsonl"
    spoken: list[str] = []

    def dying(messages: Sequence[BaseMessage]) -> str:
        if len(spoken) >= dies_after:
            raise ConnectionError("the line is dead")
        spoken.append("")
        return well(messages)

    materials = read_materials(persona)
    with pytest.raises(EngineError, match=r"the line is dead.*are kept; the same command goes on"):
        built(persona, teacher_of(materials, says=dying, kept=kept)[0], tmp_path / "broken")
    assert len(CallStore(kept)) == dies_after
    kept.write_bytes(kept.read_bytes() + b'{"key": "torn')
    second, model = teacher_of(materials, kept=kept)
    continued = built(persona, second, tmp_path / "broken")
    whole_teacher, whole_model = teacher_of(materials, kept=tmp_path / "other.jsonl")
    whole = built(persona, whole_teacher, tmp_path / "whole")
    assert continued.items == whole.items
    assert len(model.calls) == len(whole_model.calls) - dies_after


def test_training_uses_the_build_of_a_teacher_that_is_gone(
    persona: Persona, tmp_path: Path
) -> None:
    teacher, _ = teacher_of(read_materials(persona), kept=tmp_path / "calls.jsonl")
    data = built(persona, teacher, tmp_path / "data")
    assert built(persona, AbsentTeacher(teacher.name), tmp_path / "data").items == data.items
    (persona.materials_folder / "more.md").write_text("## early\n\nI once saw a whale ashore.\n")
    with pytest.raises(DataError, match=r"written by fake:model.*persllm build"):
        built(persona, AbsentTeacher(teacher.name), tmp_path / "data")


def test_changed_prompts_are_another_teacher(persona: Persona, tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "mine")
    (tmp_path / "mine" / "task.ordinary.txt").write_text("Answer $said in rhyme.\n")
    assert load_prompts(tmp_path / "mine").digest() != load_prompts().digest()
    assert load_prompts(tmp_path / "mine").fill("task.ordinary", said="it") == "Answer it in rhyme."


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("It costs $5.", r"Write '\$\$'"),
        ("Be $nice.", "no field is called nice"),
    ],
)
def test_a_prompt_with_a_fault_is_told(text: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "answer.txt").write_text(text)
    with pytest.raises(DataError, match=fault):
        load_prompts(tmp_path)
    with pytest.raises(DataError, match="is no folder"):
        load_prompts(tmp_path / "none")


def test_every_shipped_prompt_is_named() -> None:
    assert {path.stem for path in SHIPPED.glob("*.txt")} == set(NAMES)


@pytest.mark.parametrize("name", ["no-such", "nowhere:model", "http://127.0.0.1:9/v1#m"])
def test_a_teacher_that_is_not_there_is_told(
    name: str, persona: Persona, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "langchain_openai", None)
    with pytest.raises(EngineError, match=re.escape(name)):
        find_teacher(
            TeacherChoice(name),
            read_materials(persona),
            embeddings=LetterEmbeddings(),
            calls=tmp_path / "calls.jsonl",
            told=lambda what, done, total: None,
        )
