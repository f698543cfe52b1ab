"""Plain text, Markdown and the paper's two files."""

from persllm.training.importing.readers.plain import MAX_PARAGRAPH, read_markdown, read_plain


def test_blank_lines_part_paragraphs_and_each_knows_its_line() -> None:
    found = read_plain("First\nhalf.\n\n\nSecond.\n", name="a.txt").paragraphs
    assert [(p.text, p.where) for p in found] == [("First\nhalf.", "line 1"), ("Second.", "line 5")]


def test_the_papers_files_are_one_paragraph_a_line_without_tags() -> None:
    text = "【1862】The lamp burns oil.\n【a】【b】It is seen for ten miles.\n"
    document = read_plain(text, name="marta/early_knowledge.txt")
    assert [p.text for p in document.paragraphs] == [
        "The lamp burns oil.",
        "It is seen for ten miles.",
    ]
    assert {p.class_ for p in document.paragraphs} == {"knowledge"}


def test_a_style_file_names_its_class_and_other_files_none() -> None:
    style = read_plain("I think so.", name="late_style.txt").paragraphs
    other = read_plain("I think so.", name="lifestyle-notes.txt").paragraphs
    assert (style[0].class_, other[0].class_) == ("style", "")


def test_a_line_without_end_is_cut_and_nothing_is_lost() -> None:
    words = "word " * 30_000
    found = read_plain(words, name="a.txt").paragraphs
    assert max(len(p.text) for p in found) <= MAX_PARAGRAPH
    assert sum(len(p.text.split()) for p in found) == 30_000


def test_markdown_marks_code_and_front_matter_are_no_text() -> None:
    text = (
        "---\ntitle: a\n---\n\n# My *life*\n\n> I **was** born [here](home.md).\n\n"
        "```\nrm -rf /\n```\n\n- One thing\n"
    )
    document = read_markdown(text)
    assert [(p.text, p.where) for p in document.paragraphs] == [
        ("My *life*", "line 5"),
        ("I was born here.", "line 7"),
        ("One thing", "line 13"),
    ]
    assert document.links == ("home.md",)
