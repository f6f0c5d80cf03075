"""Which pictures a post of Reddit shows, by its JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from core.errors import Reject
from core.images import FORMATS
from crawler.links import IMAGE_SUFFIXES
from crawler.sources import Malformed, Post
from crawler.sources.reddit_posts import post_of
from tests.conftest import ROOT
from tests.reddit_fixtures import Json, gallery, image, linking, preview, submission

REAL_REPLIES = ROOT.parent / "shared" / "reddit"
STILL = "https://preview.redd.it/still.jpg?auto=webp&s=1"
THUMBNAIL = "https://b.thumbs.redditmedia.com/abc.jpg"
VIDEO = {"status": "valid", "e": "RedditVideo", "dashUrl": "https://v.redd.it/x", "x": 1, "y": 1}


def post(data: Json) -> Post:
    """The post, which is not malformed."""
    read = post_of(data)
    assert isinstance(read, Post), read
    return read


def media(data: Json) -> list[str]:
    """The addresses of the pictures that a post shows."""
    return list(post(data).media)


def reason(data: Json) -> Reject:
    """Why a post shows no picture."""
    read = post(data)
    assert read.media == ()
    return read.reason


def test_a_post_keeps_what_reddit_says() -> None:
    data = submission("1abcde", link_flair_text="OC", over_18=True, created_utc=1_700_000_000.0)
    assert post(data) == Post(
        source="reddit",
        post_id="1abcde",
        media=("https://i.redd.it/1abcde.jpeg",),
        community="memes",
        permalink="https://www.reddit.com/r/memes/comments/1abcde/a_title/",
        title="A title",
        flair="OC",
        score=7,
        posted_at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        nsfw=True,
        author="somebody",
    )


def test_an_id_comes_with_or_without_the_prefix_of_its_kind() -> None:
    assert post(submission("t3_1abcde")).post_id == "1abcde"


@pytest.mark.parametrize("seconds", [1_700_000_000, 1_700_000_000.0, "1700000000"])
def test_a_time_may_be_a_number_or_digits(seconds: Any) -> None:
    at = post(submission(created_utc=seconds)).posted_at
    assert at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize("author", ["[deleted]", "[removed]", "", None])
def test_who_has_gone_is_nobody(author: str | None) -> None:
    assert post(submission(author=author)).author is None


def test_an_old_post_lacks_many_fields() -> None:
    data = {
        "id": "aaaa1",
        "subreddit": "AdviceAnimals",
        "title": "A duck",
        "created_utc": "1356998400",
        "url": "http://i.imgur.com/aBcDe.jpg",
    }
    assert post(data) == Post(
        source="reddit",
        post_id="aaaa1",
        media=("http://i.imgur.com/aBcDe.jpg",),
        community="AdviceAnimals",
        permalink="https://www.reddit.com/comments/aaaa1/",
        title="A duck",
        posted_at=datetime(2013, 1, 1, tzinfo=UTC),
    )


def test_titles_are_unescaped_as_addresses_are() -> None:
    assert post(submission(title="cats &amp; dogs &gt; us")).title == "cats & dogs > us"


@pytest.mark.parametrize("post_id", [None, 5, "", "no/id", ["1abcde"]])
def test_an_id_is_found_wherever_it_stands_and_without_any_there_is_no_post(post_id: Any) -> None:
    data = submission(id=post_id)
    assert post(data).post_id == "1abcde"
    del data["name"]
    assert post(data).post_id == "1abcde"
    assert isinstance(post_of({**data, "permalink": "/r/memes/"}), Malformed)


@pytest.mark.parametrize("score", ["1.2k", "1200", 1200.9, "1,200"])
def test_a_score_is_read_however_it_is_written(score: Any) -> None:
    assert post(submission(score=score)).score == 1200


@pytest.mark.parametrize("at", [-1, "yesterday", "nan", 1e300, 1e12, True, [1], -(10**30), 0])
def test_a_time_that_cannot_be_is_none(at: Any) -> None:
    assert post(submission(created_utc=at)).posted_at is None


@pytest.mark.parametrize("items", [None, [], "x", [None, None], [{"media_id": None}, {"id": 1}]])
def test_a_gallery_whose_order_is_lost_has_its_pictures(items: Any) -> None:
    data = gallery({"aa1": image("aa1"), "bb2": image("bb2")})
    data["gallery_data"] = {"items": items}
    assert len(media(data)) == 2


@pytest.mark.parametrize(
    "parents", ["1abcde", ["1abcde"], [None], [{}], {"0": {}}, [{"url": None, "id": "x"}]]
)
def test_a_crosspost_whose_parent_is_lost_is_what_it_links_to(parents: Any) -> None:
    data = submission(crosspost_parent_list=parents)
    assert media(data) == ["https://i.redd.it/1abcde.jpeg"]


@pytest.mark.parametrize("source", [None, {}, "x", {"url": 5}])
def test_a_preview_without_its_whole_picture_is_the_largest_of_the_others(source: Any) -> None:
    sizes = [{"url": f"https://preview.redd.it/s.jpg?width={x}", "width": x} for x in (108, 640)]
    shown = {"images": [None, {"source": source, "resolutions": sizes}]}
    data = linking("https://v.redd.it/a", is_video=True, preview=shown)
    assert media(data) == ["https://preview.redd.it/s.jpg?width=640"]


@pytest.mark.parametrize(
    "url",
    [
        "https://i.redd.it/a1b2c3.png",
        "https://i.redd.it/a1b2c3.gif",
        "https://i.redd.it/a1b2c3",
        "https://i.reddituploads.com/0123?fit=max&h=1536&s=1",
        "http://i.imgur.com/aBcDe.jpg",
        "https://i.imgur.com/aBcDe12.png?1",
        "https://i.imgur.com/aBcDe12.gif",
        "https://pics.example/x/photo.JPG?w=969&h=1024",
        "https://pics.example/photo.webp#top",
        "https://pbs.example/media/photo.jpg:large",
    ],
)
def test_a_link_to_a_picture_is_the_picture(url: str) -> None:
    assert media(linking(url, post_hint="link")) == [url]


def test_the_picture_itself_is_taken_not_its_preview() -> None:
    data = submission(preview=preview())
    assert media(data) == ["https://i.redd.it/1abcde.jpeg"]


def test_the_suffixes_are_those_of_the_formats_that_are_taken() -> None:
    Image.init()
    known = Image.registered_extensions()
    assert {known[f".{suffix}"] for suffix in IMAGE_SUFFIXES} == set(FORMATS)


def test_addresses_are_unescaped_and_nothing_else_in_them_is() -> None:
    url = "https://pics.example/a.jpg?w=1&copy=2&reg=3"
    assert media(linking(url.replace("&", "&amp;"))) == [url]
    assert media(linking(url)) == [url]


def test_posts_of_before_2017_have_their_link_in_url_alone() -> None:
    data = submission(url="http://i.imgur.com/aBcDe.jpg")
    del data["url_overridden_by_dest"]
    assert media(data) == ["http://i.imgur.com/aBcDe.jpg"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://pics.example/a.jpg",
        "file:///a.jpg",
        "data:image/png;base64,AAAA",
        "/r/memes/a.jpg",
        "//pics.example/a.jpg",
        "https:///a.jpg",
        "https://[pics.example/a.jpg",
        "a.jpg",
        "[deleted]",
        "",
    ],
)
def test_what_is_no_address_on_the_web_is_no_picture(url: str) -> None:
    assert reason(linking(url)) is Reject.NO_PICTURE


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "https://news.example/cat", "post_hint": "link", "preview": preview()},
        {"url": "https://news.example/cat", "thumbnail": THUMBNAIL},
        {"url": "https://www.reddit.com/r/memes/comments/zzz/", "preview": preview()},
        {"url": "https://news.example/cat", "post_hint": "image"},
    ],
)
def test_the_preview_of_an_article_is_no_meme(fields: Json) -> None:
    assert reason(linking(**fields)) is Reject.NO_PICTURE


def test_the_preview_counts_where_reddit_found_a_picture() -> None:
    data = linking("https://pics.example/view/7", post_hint="image", preview=preview())
    assert media(data) == [STILL]


@pytest.mark.parametrize(
    ("url", "picture"),
    [
        ("http://imgur.com/aBcDe", "https://i.imgur.com/aBcDe.jpg"),
        ("https://www.imgur.com/aBcDe12", "https://i.imgur.com/aBcDe12.jpg"),
        ("https://m.imgur.com/aBcDe12?r", "https://i.imgur.com/aBcDe12.jpg"),
        ("https://imgur.com/aBcDe12#1", "https://i.imgur.com/aBcDe12.jpg"),
        ("https://imgur.com/a-cat-and-a-dog-aBcDe12", "https://i.imgur.com/aBcDe12.jpg"),
        ("https://imgur.com/r/memes/aBcDe12", "https://i.imgur.com/aBcDe12.jpg"),
        ("https://i.imgur.com/aBcDe12", "https://i.imgur.com/aBcDe12.jpg"),
        ("https://imgur.com/aBcDe12.png", "https://i.imgur.com/aBcDe12.png"),
    ],
)
def test_a_page_of_imgur_has_one_picture(url: str, picture: str) -> None:
    assert media(linking(url, post_hint="link", preview=preview())) == [picture]


@pytest.mark.parametrize(
    "url",
    [
        "https://imgur.com/a/aBcDe",
        "https://imgur.com/gallery/aBcDe12",
        "https://imgur.com/gallery/a-title-aBcDe12",
        "https://imgur.com/t/funny/aBcDe12",
    ],
)
def test_an_album_of_imgur_has_what_its_preview_shows(url: str) -> None:
    assert media(linking(url, preview=preview())) == [STILL]
    assert reason(linking(url)) is Reject.NO_PICTURE


@pytest.mark.parametrize(
    "url",
    [
        "https://i.imgur.com/aBcDe12.gifv",
        "https://i.imgur.com/aBcDe12.mp4",
        "https://imgur.com/aBcDe12.gifv",
    ],
)
def test_a_moving_picture_of_imgur_is_a_still(url: str) -> None:
    assert media(linking(url, preview=preview())) == [STILL]
    assert media(linking(url)) == ["https://i.imgur.com/aBcDe12.jpg"]


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "https://v.redd.it/a1b2c3", "is_video": True, "post_hint": "hosted:video"},
        {"url": "https://v.redd.it/a1b2c3"},
        {"url": "https://example.com/watch/9", "post_hint": "rich:video"},
        {"url": "https://streamable.com/ab12"},
        {"url": "https://www.youtube.com/watch?v=abcdefghi-_", "post_hint": "rich:video"},
        {"url": "https://example.com/a.gifv"},
        {"url": "https://i.redd.it/a1b2c3.mp4"},
    ],
)
def test_a_video_is_its_still(fields: Json) -> None:
    assert media(linking(**fields, preview=preview(), thumbnail=THUMBNAIL)) == [STILL]


def test_a_video_without_a_still_is_its_thumbnail() -> None:
    assert media(linking("https://v.redd.it/a1b2c3", thumbnail=THUMBNAIL)) == [THUMBNAIL]


def test_a_video_without_either_is_no_picture() -> None:
    assert reason(linking("https://v.redd.it/a1b2c3")) is Reject.NO_PICTURE


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/watch?v=abcdefghi-_",
        "https://m.youtube.com/watch?app=m&amp;v=abcdefghi-_&amp;t=3",
        "http://youtu.be/abcdefghi-_?t=3",
        "https://www.youtube.com/shorts/abcdefghi-_",
        "https://www.youtube.com/embed/abcdefghi-_",
        "http://www.youtube.com/attribution_link?a=1&u=%2Fwatch%3Fv%3Dabcdefghi-_%26feature%3Dx",
    ],
)
def test_youtube_has_a_still_of_each_video(url: str) -> None:
    still = "https://i.ytimg.com/vi/abcdefghi-_/hqdefault.jpg"
    assert media(linking(url, thumbnail=THUMBNAIL)) == [still]


def test_a_channel_of_youtube_has_no_still() -> None:
    assert reason(linking("https://www.youtube.com/@somebody")) is Reject.NO_PICTURE


def test_a_gallery_is_in_the_order_of_its_items() -> None:
    data = gallery({"aa1": image("aa1"), "bb2": image("bb2"), "cc3": image("cc3")}, ["cc3", "aa1"])
    assert media(data) == [
        "https://preview.redd.it/cc3.jpg?width=800&format=pjpg&s=2",
        "https://preview.redd.it/aa1.jpg?width=800&format=pjpg&s=2",
    ]


def test_what_is_missing_deleted_or_not_ready_is_passed_over() -> None:
    described = {
        "aa1": {"status": "unprocessed"},
        "bb2": {"status": "failed", "e": "Image"},
        "cc3": image("cc3", status="failed"),
        "dd4": VIDEO,
        "ee5": image("ee5"),
        "ff6": image("ff6"),
    }
    data = gallery(described, ["aa1", "bb2", "cc3", "dd4", "missing", "ee5", "ff6"])
    data["gallery_data"]["items"][-2]["is_deleted"] = True
    assert media(data) == ["https://preview.redd.it/ff6.jpg?width=800&format=pjpg&s=2"]


def test_an_animation_of_a_gallery_is_its_gif() -> None:
    gif = "https://i.redd.it/aa1.gif"
    full = {"gif": gif, "mp4": "https://preview.redd.it/aa1.gif?format=mp4"}
    data = gallery({"aa1": image("aa1", e="AnimatedImage", s=full)})
    assert media(data) == [gif]


@pytest.mark.parametrize("full", [{"mp4": "https://preview.redd.it/aa1.gif?format=mp4"}, {}, None])
def test_an_animation_without_a_gif_is_its_largest_preview(full: Json | None) -> None:
    data = gallery({"aa1": image("aa1", e="AnimatedImage", s=full)})
    data["media_metadata"]["aa1"]["p"].reverse()
    assert media(data) == ["https://preview.redd.it/aa1.jpg?width=216&crop=smart&s=1"]


@pytest.mark.parametrize(
    "fields",
    [
        {"media_metadata": None},
        {"media_metadata": {}},
        {"gallery_data": None, "media_metadata": None},
        {"gallery_data": None, "media_metadata": None, "is_gallery": False, "preview": preview()},
    ],
)
def test_a_gallery_that_is_not_described_has_no_picture(fields: Json) -> None:
    assert reason(gallery({"aa1": image("aa1")}, **fields)) is Reject.NO_PICTURE


def test_a_crosspost_is_a_sighting_of_its_own_of_its_parents_pictures() -> None:
    parent = gallery({"aa1": image("aa1"), "bb2": image("bb2")}, id="parent", subreddit="pics")
    data = linking(
        "https://www.reddit.com/gallery/parent", id="child", crosspost_parent_list=[parent]
    )
    read = post(data)
    assert (read.post_id, read.community) == ("child", "memes")
    assert len(read.media) == 2


def test_a_crosspost_shows_the_still_of_its_parents_video() -> None:
    url = "https://v.redd.it/a1b2c3"
    parent = linking(url, is_video=True, preview=preview(), over_18=True)
    read = post(linking(url, crosspost_parent_list=[parent]))
    assert read.media == (STILL,)
    assert read.nsfw


def test_a_crosspost_without_its_parent_is_what_it_links_to() -> None:
    assert len(media(submission(crosspost_parent="t3_parent", crosspost_parent_list=[]))) == 1


def test_a_crosspost_of_a_text_is_a_text() -> None:
    parent = linking("https://www.reddit.com/r/pics/comments/parent/", is_self=True)
    assert reason(submission(crosspost_parent_list=[parent])) is Reject.NO_PICTURE


def test_what_is_removed_is_removed_from_its_crossposts() -> None:
    parent = submission("parent", removed_by_category="moderator")
    assert reason(submission(crosspost_parent_list=[parent])) is Reject.REMOVED


def test_a_text_has_no_picture_whatever_its_preview() -> None:
    data = linking("https://www.reddit.com/r/memes/comments/1abcde/", is_self=True)
    assert reason({**data, "preview": preview(), "thumbnail": "self"}) is Reject.NO_PICTURE


def test_a_text_shows_what_is_embedded_in_it_in_that_order() -> None:
    described = {
        "aa1": image("aa1"),
        "bb2": image("bb2"),
        "cc3": image("cc3"),
        "dd4": VIDEO,
        "emote|t5_1|2": image("emote"),
    }
    text = "![img](bb2)\n\nhttps://preview.redd.it/aa1.jpg?width=800 ![img](emote|t5_1|2) dd4"
    data = submission(is_self=True, selftext=text, media_metadata=described)
    assert media(data) == [
        "https://preview.redd.it/bb2.jpg?width=800&format=pjpg&s=2",
        "https://preview.redd.it/aa1.jpg?width=800&format=pjpg&s=2",
    ]


@pytest.mark.parametrize("described", [None, {}, {"aa1": None}])
def test_a_text_whose_pictures_are_not_described_has_their_addresses(described: Any) -> None:
    text = "[a caption](https://preview.redd.it/aa1.jpg?width=800&amp;s=2) ![](https://x.example/b.png)"
    data = submission(is_self=True, selftext=text, media_metadata=described)
    assert media(data) == [
        "https://i.redd.it/aa1.jpg",
        "https://x.example/b.png",
    ]


def test_a_picture_with_words_shows_those_of_the_words_as_well() -> None:
    data = submission(selftext="![img](bb2)", media_metadata={"bb2": image("bb2")})
    assert len(media(data)) == 2


@pytest.mark.parametrize(
    "text", ["![" * 20_000, "![](" * 10_000, "<img " * 8_000, "![](((((" * 5_000, "![a](b" * 7_000]
)
def test_no_text_takes_long(text: str) -> None:
    assert reason(submission(is_self=True, selftext=text)) is Reject.NO_PICTURE


@pytest.mark.parametrize(
    "fields",
    [
        {"removed_by_category": "moderator"},
        {"removed_by_category": "deleted"},
        {"removed": True},
        {"is_self": True, "selftext": "[removed]"},
        {"is_self": True, "selftext": "[deleted]", "author": "[deleted]"},
        {"is_self": True, "author": "[removed]"},
        {"url_overridden_by_dest": "https://news.example/", "selftext": "[removed]"},
    ],
)
def test_what_is_removed_has_no_pictures(fields: Json) -> None:
    assert reason(submission(**fields)) is Reject.REMOVED


def test_who_leaves_reddit_leaves_the_pictures() -> None:
    assert len(media(submission(author="[deleted]", selftext="[deleted]"))) == 1


@pytest.mark.parametrize("field", ["promoted", "is_created_from_ads_ui"])
def test_an_advertisement_is_not_wanted(field: str) -> None:
    assert reason({**submission(), field: True}) is Reject.FILTERED


def test_a_post_that_is_pinned_is_a_post() -> None:
    assert len(media(submission(stickied=True))) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://i.imgur.com/removed.png",
        "http://imgur.com/removed.png?1",
        "https://imgur.com/removed",
        "https://i.redd.it/deleted_by_user.png",
        "https://i.redd.it/removed.png?s=1",
        "https://www.redditstatic.com/image-missing.png",
        "https://www.reddit.com/static/noimage.png",
    ],
)
def test_what_stands_in_a_pictures_place_is_none(url: str) -> None:
    assert reason(linking(url)) is Reject.PLACEHOLDER


@pytest.mark.parametrize("thumbnail", ["self", "default", "nsfw", "spoiler", "image"])
def test_a_word_in_a_thumbnails_place_is_none(thumbnail: str) -> None:
    data = linking("https://v.redd.it/a1b2c3", thumbnail=thumbnail)
    assert reason(data) is Reject.PLACEHOLDER


def test_a_placeholder_beside_pictures_is_passed_over() -> None:
    gone = image("bb2", s={"u": "https://i.imgur.com/removed.png"}, p=[])
    assert len(media(gallery({"aa1": image("aa1"), "bb2": gone}))) == 1


def test_a_title_with_deleted_in_it_is_no_placeholder() -> None:
    assert len(media(linking("https://preview.redd.it/a-deleted-scene-v0-a1b2c3.jpg"))) == 1


# Real replies: what a person finds in each post, looking at its JSON. Where no line says more, a
# picture: a link to one, to a page of imgur, or a video's still.

FRONT_2016 = """
    48dxvx 48d25k 48d57w 48cusy 48cuwz 48cqwd 48bojf 48dx2d 48auxn 48a2oq 48ddai 48ah35 48ea64
    489urr 489waa 48a25r 48a1w4 48dewp 48chw7 48a3tj 48a77m 48clog 48cpxz 48c4vj 48caxp 48c4mn
    48d5la 48drj3 48bv0v 48du2x 48dpkx 48bd52 48d505 48dxmq 48dr7c 48e7nr 48bura 48altl 48ara5
    48dtj9 48cx84 48a8mb 48b9sn 48dnth 48da67 48a6f9
"""
FRONT_2016_TEXTS = """
    48dgl4 48c8s1 48b1ll 48b1x8 48dnk1 48aqzd 48aj9b 48dp7m 48aee9 48dq4v 48ahrx 48a0uy 489x09
    48ai2w 48dath 48ap4b 48aq82 48d802 48a9sm 48dnfp 48apbs 48ekm6 48ak39 48cen2 48e7mz 48aqup
    48dunx 489eor
"""
# Of these, 48btc8 is a drawing, on a page that does not say so.
FRONT_2016_ARTICLES = """
    48duo3 48dhs1 48dyed 48d26q 48ciqg 48bg8d 48ch3r 48bv8o 48a8x4 48aawc 48dmx2 48br75 489w4y
    48a45k 4890oq 48bpgl 48cw3p 48e4ss 48auzp 48btc8 48cj0d 48caqh 48c31c 48ch08 48e0oj 48d6ct
"""
POPULAR_2026 = """
    1skii2f 1skke8o 1skgzvz 1skfwzg 1skf03r 1skfydb 1skech1 1skizpi 1skef59 1sk0jaq 1skjeyt 1skbcy2
    1sk9q06 1sk8gz3 1sker7m 1skge43 1skit6f 1sk9zvm 1skh5c8 1skbydb 1skc2mo 1sk6ifd 1ski4s9 1skcflo
    1sk8hon 1skghd3 1skbqws 1skhmhl 1skclfw 1skbk5n 1sklehc 1skex88 1sk74im 1sk9mhg 1skcw8y 1skca0l
    1sk0a4w 1ska6kl 1sk4gcb 1skj6k3 1ske7bm 1ske1af 1skfjgk 1skfanj 1sk76az 1ski9yy 1skh3jx 1sk8571
    1sk1wcc 1skbyfv
"""
POPULAR_2026_VIDEOS = """
    1skjxta 1skl1i1 1sklidt 1skcyw4 1skgn88 1skf8p4 1skgoca 1skhlsn 1skjolo 1skdwwc 1skgshf 1skhqsv
    1sk7bu3 1sk7fhj 1skfxu8 1skazot 1skbs80 1skg3en 1sk717b 1sk7ie0 1skiuj1 1skevo8 1sk8nbr 1skk1ym
    1skmd97
"""
POPULAR_2026_GALLERIES = {
    2: "1skh6dk 1skft63 1ski9rr 1skhci0 1sk8bwh 1skeuj0 1skbg4a 1sk64ks 1skbcpg",
    3: "1skfndc",
    4: "1skad0l 1skfo6y",
    10: "1skhdzl",
    20: "1skf644",
}
POPULAR_2026_TEXTS = "1sk894v 1skaj6p 1skbgrz 1skeq2k 1skg9z2 1skfavw"
POPULAR_2026_ARTICLES = "1skbgql 1skh7qo 1sk858w 1sk3dzx 1skg3fd"
SPAM_2019 = """
    ehap0c ehaowo ehaos6 ehaopj ehaoou ehaoor ehaogz ehaofu ehaocr ehanlq ehanif ehancu ehan31
    eham6x ehalam ehakzj ehakqn ehakn1 ehakho ehakgk ehakfz ehakes ehak6i ehajtn ehajqp ehajnd
    ehaje2 ehajb0 ehais9 ehaicy ehai7g ehai6g ehai5n ehagzp ehagw2 ehagu4 ehagna ehafm2
"""
FOUND: list[tuple[int | Reject, str]] = [
    (1, FRONT_2016 + POPULAR_2026 + POPULAR_2026_VIDEOS),
    *POPULAR_2026_GALLERIES.items(),
    (4, "huw6vs"),  # a gallery of 2020, one of them a GIF
    (Reject.NO_PICTURE, FRONT_2016_TEXTS + FRONT_2016_ARTICLES),
    (Reject.NO_PICTURE, f"{POPULAR_2026_TEXTS} {POPULAR_2026_ARTICLES}"),
    (Reject.NO_PICTURE, "6vx8n0"),  # a crosspost of a text
    (Reject.REMOVED, SPAM_2019),  # what moderators took away
]


def real_posts() -> list[Json]:
    """Every post of the listings among the recorded replies."""
    bodies = [json.loads(file.read_bytes())["body"] for file in REAL_REPLIES.glob("*.json")]
    listings = [one for body in bodies for one in (body if isinstance(body, list) else [body])]
    children = [
        child
        for listing in listings
        if isinstance(listing, dict) and listing.get("kind") == "Listing"
        for child in listing["data"]["children"]
    ]
    return [child["data"] for child in children if child["kind"] == "t3"]


@pytest.mark.skipif(not REAL_REPLIES.is_dir(), reason="the real replies of Reddit are not here")
def test_every_real_post_ends_as_the_pictures_or_the_reason_that_a_person_finds() -> None:
    by_hand = {post_id: found for found, ids in FOUND for post_id in ids.split()}
    assert len(by_hand) == 240
    read = [post(data) for data in real_posts()]
    assert {one.post_id: len(one.media) or one.reason for one in read} == by_hand
    addresses = [address for one in read for address in one.media]
    assert all(address.startswith("http") and "&amp;" not in address for address in addresses)
