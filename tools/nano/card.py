"""The nano base's model card, made from what was measured."""

from string import Template

from tools.nano.recipe import Closing, Recipe
from tools.nano.skills import Skill

CARD = Template("""---
license: mit
language: en
library_name: transformers
pipeline_tag: text-generation
tags: [persllm, persona, tiny]
---

# nano, the base that ships with persllm

A Llama-shaped model of $parameters parameters, made so that persllm runs at once, offline, on a
laptop. It learnt one narrow skill: to answer as the person whom the system turn names, from the
texts set before the question. It knows next to nothing of the world and will make things up when
nothing is recalled. Real work names a real base (`--base`).

## Shape

hidden $hidden, $layers layers, $heads heads, feed-forward $feed_forward, vocabulary $vocabulary
(byte-level BPE), context $context tokens. The chat template has generation markers.

## Training

$pretraining_steps steps on general text ($text_tokens tokens seen), then $tuning_steps steps of
$tuning_tokens tokens on conversations: synthetic lives from `tools/nano/lives` and questions
about public-domain prose, loss on the replies only. Then $scene_steps steps in which most questions
come in scenes, five to seven over the same recalled texts, some of which these texts do not answer;
what the questions of a scene begin with is computed once. Of what these steps changed $scene_weight
is kept: the weights lie between those before and those after. At last closing parts, each from
the end of the one before unless said otherwise. Their ends are averaged, by these shares:

$closings

In these only, prompts named the words of a turn that nothing recalled holds, and years to come. The
grammar of the lives grew meanwhile; a new training reads today's from its first step. Muon and
AdamW; two CPU cores, products in bfloat16 where the machine has them, weights in float32.

    python -m tools.nano --text <folder of sources> --work <folder> --out persllm/nano

| text | licence | held-out loss a token after pre-training |
| --- | --- | --- |
| book_dialogue: dialogues from novels | public domain (US) | $book_dialogue |
| chat: conversations | BSD-3, CDLA-Sharing-1.0, CC BY-SA 4.0, MIT | $chat |
| instruct: instructions and answers | Apache-2.0, MIT | $instruct |
| book_prose: prose | public domain (US) | $book_prose |
| synthetic lives | ours, MIT | |

## Skills on held-out lives

Names, places and subjects that training never saw; greedy; a reply counts when it holds what was
wanted and nothing that was not. Of up to five paragraphs those come to mind that a persona's memory
would bring, what fits best first and each from its beginning; what answers always does. The last
column is measured with all of them, in any order: there the base has to find what answers, or to
see that nothing does.

| skill | right | asked | share | in any order |
| --- | --- | --- | --- | --- |
$skills

## Questions as people ask them

Forty invented people (`tools/nano/people`), whose paragraphs, questions and answers were written
by hand and never trained on; up to three paragraphs come to mind, not always what is needed;
greedy. Knowledge: half of the words that carry the fact; corrected: false claims answered with what
is known; accepted: true claims not denied.

| measure | right | asked | share |
| --- | --- | --- | --- |
$people
""")


def nano_card(
    recipe: Recipe,
    *,
    parameters: int,
    losses: dict[str, float],
    skills: dict[str, Skill],
    in_any_order: dict[str, Skill],
    people: dict[str, Skill],
) -> str:
    """Return the card's text."""
    return CARD.substitute(
        parameters=f"{parameters:,}",
        hidden=recipe.hidden,
        layers=recipe.layers,
        heads=recipe.heads,
        feed_forward=recipe.feed_forward,
        vocabulary=recipe.vocabulary,
        context=recipe.context,
        pretraining_steps=recipe.pretraining_steps,
        text_tokens=f"{recipe.pretraining_steps * recipe.pretraining_tokens:,}",
        tuning_steps=recipe.tuning_steps,
        scene_steps=recipe.scene_steps,
        closings=_closings(recipe),
        scene_weight=f"{recipe.scene_weight:.0%}",
        tuning_tokens=f"{recipe.tuning_tokens:,}",
        skills=_rows(skills, in_any_order),
        people=_rows(people),
        **{name: f"{loss:.2f}" for name, loss in losses.items()},
    )


def _closings(recipe: Recipe) -> str:
    parts = enumerate(zip(recipe.closings, recipe.averaged, strict=True), start=1)
    return "\n".join(
        f"{number}. {part.steps} steps{_start(part)}: {100 * share:g}%"
        for number, (part, share) in parts
    )


def _start(part: Closing) -> str:
    """Tell of a part what it starts from where that is not the last end."""
    ends = [f"{share:.0%} of {end}" for end, share in enumerate(part.start, start=1) if share]
    return f", from {' and '.join(ends)}" if ends else ""


def _rows(*columns: dict[str, Skill]) -> str:
    """Return counts of the first column and the share of each."""
    return "\n".join(
        f"| {name} | {skill.right} | {skill.asked} | "
        + " ".join(f"{column[name].right / column[name].asked:.0%} |" for column in columns)
        for name, skill in columns[0].items()
    )
