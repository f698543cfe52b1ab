"""Turns of phrase that fit any fact or opinion; their slots are told in the table."""

from collections.abc import Mapping

from pydantic.dataclasses import dataclass

from tools.nano.lives.kinds import Theme
from tools.nano.lives.tables import COMPLETE, Texts, read_table


@dataclass(frozen=True, slots=True, kw_only=True, config=COMPLETE)
class Frames:
    """Phrasings by what they are for."""

    openers: Texts
    starters: Texts
    claims: Texts
    corrections_with_contrast: Texts
    corrections: Texts
    acceptances: Texts
    yes_signs: Texts
    no_signs: Texts
    unknowns: Texts
    tails: Texts
    unknown_tails: Texts
    laters: Texts
    year_questions: Texts
    event_questions: Texts
    about_questions: Texts
    person_questions: Texts
    life_questions: Texts
    opinion_frames: Texts
    changed_frames: Texts
    opinion_questions: Texts
    motion_questions: Texts
    change_questions: Texts
    opponent_frames: Texts
    opponent_closers: Texts
    opponent_leads: Texts
    motion_lead: str
    disagreements: Texts
    greetings: Texts
    greeting_replies: Texts
    moods: Texts
    who_questions: Texts
    who_replies: Texts
    trade_questions: Texts
    trade_replies: Texts
    now_questions: Texts
    now_replies: Texts
    farewells: Texts
    farewell_replies: Texts
    colours: Mapping[Theme, Texts]
    summaries: Texts
    summary_views: Texts
    early_labels: Texts
    late_labels: Texts


FRAMES = read_table("frames.yaml", Frames)
