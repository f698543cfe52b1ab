"""A persona in a chain: a prompt before it, a parser behind it, many inputs in one batch."""

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from persllm import open_persona

prompt = ChatPromptTemplate.from_messages([("system", "{place}"), ("human", "{question}")])
chain = prompt | open_persona("nikola-tesla", stage="late") | StrOutputParser()

asked = [
    {"place": "You sit in Bryant Park.", "question": "Do you like pigeons?"},
    {"place": "You sit in your hotel.", "question": "What do you think of the radio?"},
]
for answer in chain.batch(asked):
    print(answer)
