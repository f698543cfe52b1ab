"""HTML pages: prose out, machinery left out, nothing followed."""

from persllm.training.importing.readers.web import read_html


def _texts(html: str) -> list[str]:
    return [paragraph.text for paragraph in read_html(html).paragraphs]


def test_paragraphs_are_the_block_elements() -> None:
    assert _texts(
        "<h1>Life</h1><p>I was <i>born</i><br>at sea.<div>Then <b>I</b> sailed.</div>"
    ) == [
        "Life",
        "I was born\nat sea.",
        "Then I sailed.",
    ]


def test_scripts_menus_tables_and_note_marks_are_left_out_and_counted() -> None:
    document = read_html(
        "<head><title>t</title></head><nav>Home</nav><script>alert(1)</script><style>p{}</style>"
        "<table><tr><td>1</td></tr></table><p>I stay<sup>[12]</sup> here.</p>"
        '<div class="reflist">A note</div><p hidden>Unseen</p>'
    )
    assert [p.text for p in document.paragraphs] == ["I stay here."]
    assert document.notes == ("29 characters of menus, tables and scripts left out",)


def test_character_references_are_read_and_comments_are_not() -> None:
    assert _texts("<p>Caf&eacute; &amp; more &#8212; <!-- hidden --> end</p>") == [
        "Café & more — end"
    ]


def test_links_are_noted_as_written() -> None:
    page = read_html('<p><a href="beetle.html#top">Beetles</a> <a>none</a></p>')
    assert page.links == ("beetle.html#top",)


def test_ten_thousand_nested_elements_cost_nothing() -> None:
    assert _texts("<div>" * 10_000 + "Deep." + "</div>" * 10_000) == ["Deep."]


def test_what_is_never_closed_ends_with_the_page() -> None:
    assert _texts("<p>Kept.<script>lost") == ["Kept."]
    assert _texts("<p>Kept <sup>2nd") == ["Kept 2nd"]
