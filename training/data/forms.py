"""The sentences that the teacher `rules` asks and answers with; text only, no logic."""

TOPIC = (
    "What do you know about {0}?",
    "Tell me something about {0}.",
    "What can you tell me about {0}?",
    "How would you explain {0} to a friend?",
    "What have you learned about {0}?",
    "I am curious about {0}. What do you know of it?",
    "Could you say a few words on {0}?",
    "What should one know about {0}?",
    "Somebody mentioned {0} at supper. What is there to say about it?",
    "Help me to understand {0}, please.",
    "I know next to nothing about {0}. Where would you begin?",
    "Write me a few lines about {0}.",
    "What is remarkable about {0}?",
    "If a child asked you about {0}, what would you answer?",
    "You have looked into {0}, I hear. What did you find?",
    "Let us talk about {0}.",
    "What comes to your mind when you hear of {0}?",
    "How do you see {0}?",
)
OPINION = (
    "What do you think of {0}?",
    "What is your opinion of {0}?",
    "How do you feel about {0}?",
    "I should like to hear your mind on {0}.",
    "Where do you stand on {0}?",
    "What does {0} mean to you?",
    "Be honest: what do you make of {0}?",
    "People disagree about {0}. What is your view?",
    "Would you give me your thoughts on {0}?",
    "Set down in a few words what you think of {0}.",
    "I have never made up my mind about {0}. Have you?",
    "Say what you like about {0}; I am listening.",
    "What would you say to a friend about {0}?",
    "How has {0} struck you?",
    "Do you care for talk about {0}?",
    "Speak your mind about {0}.",
)
PERSON = (
    "What do you say of {0}?",
    "Tell me about {0}.",
    "What do you remember of {0}?",
    "What can you tell me about {0}?",
    "What comes to your mind when you hear of {0}?",
    "The name of {0} came up today. What have you to say?",
    "I have heard of {0}. What should I know?",
    "Where does {0} come into your thoughts?",
)
PLACE = (
    "Tell me about {0}.",
    "What do you remember of {0}?",
    "What can you tell me about {0}?",
    "What do you connect with {0}?",
    "I have never seen {0}. What is there to tell?",
    "When I say {0}, what do you think of first?",
    "What have you to say of {0}?",
)
YEAR = (
    "What happened in {0}?",
    "What do you remember of the year {0}?",
    "Tell me about {0}. What did that year bring?",
    "Does the year {0} mean anything to you?",
    "What do you connect with {0}?",
)
DATED = (
    "Tell me about {0}.",
    "What do you remember of {0}?",
    "What can you tell me about {0}?",
    "What do you connect with {0}?",
    "What have you to say of {0}?",
    "When I say {0}, what do you think of first?",
    "What was it about {0}?",
)
"""About a name and a year: "Cambridge in 1831"."""
BELIEF = (
    "Do you {verb} that {0}?",
    "Do you really {verb} that {0}?",
    "Is it so that you {verb} that {0}?",
    "I am told you {verb} that {0}. Do you?",
    "Would you still say that {0}?",
)
"""About what the person says they think: "I believe that ..." """
ASK = {
    "topic": TOPIC,
    "opinion": OPINION,
    "name": PERSON,
    "place": PLACE,
    "year": YEAR,
    "dated": DATED,
    "belief": BELIEF,
}
CLAIM = (
    "Is it true that {0}?",
    "I read that {0}. Is that right?",
    "They tell me that {0}.",
    "Somebody said that {0}. Is it so?",
    "If I remember well, {0}.",
    "{1}, is that not so?",
    "{1}. Or have I got that wrong?",
    "As far as I know, {0}. Do you agree?",
    "A friend of mine insists that {0}. What do you say?",
    "I take it that {0}?",
    "Everybody here says that {0}.",
    "Let me see whether I understood you: {0}?",
    "How interesting that {0}. Tell me more.",
    "You would say, then, that {0}?",
    "I wrote in my notes that {0}. May I leave it so?",
    "Is it not well known that {0}?",
    "I am told that {0}.",
    "I hear that {0}.",
    "{1}, I believe.",
    "{1}, as I understand.",
    "{1}, I suppose.",
    "I have read that {0}.",
)
CORRECT = (
    "No, that is wrong: not {false}. {sentence}",
    "You are mistaken; not {false}. {sentence}",
    "That is not so. {sentence}",
    "Not {false}. {sentence}",
    "I must correct you: it was not {false}. {sentence}",
    "You have been told wrong. {sentence} I know nothing of {false}.",
    "Forgive me, {false} is an error. {sentence}",
    "Who told you {false}? {sentence}",
)
CORRECT_OPPOSITE = (
    "No, it is the other way about: not {false}. {sentence}",
    "You are mistaken; not {false}. {sentence}",
    "That is not so. {sentence} I would not say {false}.",
    "Not {false}. {sentence}",
    "I must correct you: not {false}. {sentence}",
    "You have turned it round. {sentence}",
    "I never said {false}. {sentence}",
    "I do not say {false}. {sentence}",
)
"""What is true is left to the sentence: a small model names the wrong word of it beside "not"."""
CONFIRM = (
    "Yes, that is so. {sentence}",
    "Indeed. {sentence}",
    "You are right. {sentence}",
    "That is true. {sentence}",
    "Yes, you have understood that quite rightly. {sentence}",
    "So it is, and you may write it down. {sentence}",
    "I have nothing to correct in that. {sentence}",
    "You are well informed, and I say it too. {sentence}",
    "Quite so; I could not put it otherwise myself. {sentence}",
    "That is correct in every word, as far as I know. {sentence}",
)
VIEW = (
    "Let me tell you how I see it. ",
    "Here is my own view. ",
    "",
    "",
)
HELD = (
    "I hold that {0}.",
    "In my view, {0}.",
    "It seems to me that {0}.",
    "I am convinced that {0}. What do you say?",
    "Say what you will, {0}.",
    "I have come to think that {0}.",
    "For my part I believe that {0}.",
    "Everybody I know is of the opinion that {0}, and so am I.",
    "The longer I live, the surer I am that {0}.",
    "Nobody will persuade me otherwise: {0}.",
)
OWN = (
    "I have found that {0}",
    "I hold that {0}",
    "As far as I know, {0}",
    "As I see it, {0}",
    "I would say that {0}",
)
OWN_PAST = (
    "I can tell you that {0}",
    "I remember it so: {0}",
    "As far as I know, {0}",
    "I have it in my notes that {0}",
)
"""How a sentence about the world is said by a person."""
NOW = ("It is {year} now: {question}", "We write the year {year}: {question}")
"""One sentence with the question, so that an analysis which repeats it keeps both."""
NOW_THAT = ("Now that {label}, {asked}",)
AFTER = ("{stem}, now that {label}?",)
