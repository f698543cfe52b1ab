"""Is the base still able? A small text and small tasks that have nothing to do with any persona.

Asked of the model without persona, stage and memory, with the adapter off and on. *Loss* is nats a
token of a plain text as a reply; *tasks* are choices between a right and a wrong end. Both texts
are our own; they are few, so they show damage, not rank.
"""

from collections.abc import Sequence

from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.parts import Part
from persllm.training.evaluation.systems import Outcome, Question, Statement

TEXTS = (
    (
        "Tell a short story about a lost key.",
        "A boy lost the key of his house. He looked under the "
        "mat, in his bag and on the road. At last he found it in his own hand.",
    ),
    (
        "What is rain?",
        "Rain is water that falls from clouds. The sun lifts water from the sea into "
        "the air, and when the air grows cold the water comes down again in drops.",
    ),
    (
        "How does one make tea?",
        "Boil the water and pour it over the leaves. Wait for three "
        "minutes, take the leaves out, and drink it while it is hot.",
    ),
    (
        "Why do birds fly south?",
        "In winter there is little food in the north. Many birds fly to "
        "warmer countries and come back in spring to build their nests.",
    ),
    (
        "Describe a market.",
        "People come early with carts and baskets. They sell bread, fish and "
        "apples, they call out their prices, and by noon the square is empty again.",
    ),
    (
        "What is a bridge for?",
        "A bridge carries a road over a river or a valley. Without it people "
        "would have to take a boat or walk a long way round.",
    ),
    (
        "What do doctors do?",
        "Doctors look after people who are ill. They ask where it hurts, look "
        "for the cause, and give a medicine or good advice.",
    ),
    (
        "Tell me about the moon.",
        "The moon goes round the earth in about four weeks. It has no light "
        "of its own; what we see is the light of the sun.",
    ),
    (
        "How is bread made?",
        "Flour, water, salt and yeast are mixed to a dough. The dough must rest "
        "and rise before it is baked in a hot oven.",
    ),
    (
        "What is a friend?",
        "A friend is someone who listens to you and tells you the truth. You can "
        "be silent together and still be glad.",
    ),
)
TASKS = (
    ("Which is larger, a mouse or a horse?", "A horse is larger.", "A mouse is larger."),
    ("What colour is grass?", "Grass is green.", "Grass is red."),
    ("Is ice hot or cold?", "Ice is cold.", "Ice is hot."),
    ("Where do fish live?", "Fish live in water.", "Fish live in trees."),
    ("When does the sun rise?", "The sun rises in the morning.", "The sun rises in the evening."),
    ("What do cows eat?", "Cows eat grass.", "Cows eat stones."),
    ("Does a stone float on water?", "No, a stone sinks.", "No, a stone flies."),
    ("What comes after winter?", "After winter comes spring.", "After winter comes winter."),
    ("Who teaches in a school?", "A teacher teaches in a school.", "A baker teaches in a school."),
    ("With what do we hear?", "We hear with our ears.", "We hear with our feet."),
    ("What do bees make?", "Bees make honey.", "Bees make iron."),
    ("Is the night dark or bright?", "The night is dark.", "The night is bright."),
    ("What do you put on your feet?", "I put shoes on my feet.", "I put bread on my feet."),
    ("What falls from the clouds?", "Rain falls from the clouds.", "Wood falls from the clouds."),
    ("What does a clock show?", "A clock shows the time.", "A clock shows the sea."),
    ("How many legs has a dog?", "A dog has four legs.", "A dog has nine legs."),
    ("They have seen the ship.", "Where did they see it?", "Where did they seen it it?"),
    ("I am hungry.", "Then you should eat something.", "Then you should something eat the."),
    ("Good morning.", "Good morning to you.", "Morning to good you."),
    ("Thank you for the book.", "You are welcome.", "Welcome are the you."),
)


def general_part(stage: str) -> Part:
    """Return the part; the stage is not told to the model."""
    texts = [(_bare(stage, question), text) for question, text in TEXTS]
    tasks = [(_bare(stage, question), right, wrong) for question, right, wrong in TASKS]

    def judged(outcome: Outcome) -> list[Case]:
        if not outcome.scores:
            return []
        losses = [(question, text, _loss(outcome, (question, text))) for question, text in texts]
        chosen = [
            (question, right, _loss(outcome, (question, right)) < _loss(outcome, (question, wrong)))
            for question, right, wrong in tasks
        ]
        return [*_cases("general_loss", losses), *_cases("general_tasks", chosen)]

    statements = [*texts, *((row[0], text) for row in tasks for text in row[1:])]
    return Part(name="general", statements=tuple(statements), cases=judged)


def _bare(stage: str, question: str) -> Question:
    return Question(stage=stage, text=question, bare=True)


def _loss(outcome: Outcome, statement: Statement) -> float:
    score = outcome.scores[statement]
    return -score.log_probability / max(1, score.tokens)


def _cases(measure: str, rows: Sequence[tuple[Question, str, float]]) -> list[Case]:
    return [
        Case(
            measure=measure,
            id=question.text,
            value=float(value),
            question=question.text,
            answer=text,
        )
        for question, text, value in rows
    ]
