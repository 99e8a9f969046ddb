"""What each channel takes: counted as it counts, cut between sentences, never inside an address."""

from exposure.publish.texts.channels import CHANNELS, count_utf16, count_x, fold, join, posts

X = CHANNELS["x"]
ADDRESS = "0x" + "5BAD" * 10


def test_x_counts_links_as_23_and_ideographs_twice() -> None:
    """The rule of twitter-text 3."""
    assert count_x("see https://status.example/a/very/long/way/to/go/and/on") == 4 + 23
    assert count_x("警告") == 4
    assert count_x("don’t – “yes”…") == len("don’t – “yes”…") + 1


def test_telegram_counts_utf16() -> None:
    """An emoji is two units."""
    assert count_utf16("a😀") == 3


def test_a_short_text_is_one_post_without_a_number() -> None:
    """Nothing is numbered that stands alone."""
    assert posts([["**If you did.**", "Act."], ["Now."]], X) == ("If you did. Act.\n\nNow.",)


def test_a_long_text_is_cut_between_sentences_and_numbered() -> None:
    """Each post within the limit, in order, nothing lost."""
    sentences = [
        f"This is sentence {number}, and it goes on for quite a while so that few fit." for number in range(12)
    ]
    found = posts([sentences], X)
    assert all(count_x(post) <= 280 for post in found)
    assert [post.rsplit(" ", 1)[1] for post in found] == [f"{n}/{len(found)}" for n in range(1, len(found) + 1)]
    assert " ".join(post.rsplit(" ", 1)[0] for post in found) == " ".join(sentences)


def test_addresses_stay_whole_and_no_number_stands_beside_one() -> None:
    """Twenty spenders on two chains: each in full."""
    listed = "Revoke these:" + "".join(f"\n- ethereum: `{ADDRESS}`" for _ in range(20))
    found = posts([[listed]], X)
    assert sum(post.count(ADDRESS) for post in found) == 20
    assert all(count_x(post) <= 280 for post in found)
    assert not any(f"{ADDRESS} " in post for post in found)


def test_one_sentence_that_is_too_long_is_cut_between_words() -> None:
    """What a person typed may be long; the cut is shown."""
    found = posts([["If you " + "really " * 80 + "did."]], X)
    assert all(count_x(post) <= 280 for post in found)
    assert "…" in found[0]


def test_a_link_ends_its_line() -> None:
    """A program that links by itself must not take the next word along."""
    assert join(["Updates: https://status.example/x", "The next."]) == "Updates: https://status.example/x\nThe next."


def test_a_plain_mail_keeps_links_and_lists() -> None:
    """72 columns; a link is never broken, an item's lines hang under it."""
    link = "https://help.example/" + "a" * 80
    text = fold(f"## What to do\n\n1. Make **one** {'word ' * 20}{link}\n")
    assert link in text
    assert text.startswith("What to do\n----------\n")
    assert "\n   word" in text
