"""The words of memes, as training asks for them."""

from core.fingerprint import hash_bytes
from core.words import Line
from db.memes import Collection
from db.models import Meme, MemeStatus
from db.pictures import keep_words
from db.reading import active_files, n_read, n_unread, unread, words_in_order, words_of
from tests.collecting import add
from tests.pictures import picture

LINE = Line("hallo", (0.1, 0.2, 0.3, 0.4), 0.9)


def test_words_are_found_of_those_that_were_read_however_many_are_asked_for(
    collection: Collection,
) -> None:
    memes = [add(collection, picture(n), str(n)).meme_id for n in range(3)]
    files = [hash_bytes(picture(n)) for n in range(3)]
    with collection.database.writing() as session:
        keep_words(session, memes[0], [LINE])
        keep_words(session, memes[1], [])
    with collection.database.reading() as session:
        asked = [f"{n:064x}" for n in range(1200)] + files
        assert words_of(session, asked) == {files[0]: (LINE,), files[1]: ()}
        assert list(words_in_order(session, asked)) == [None] * 1200 + [(LINE,), (), None]
        assert n_read(session, asked) == 2
        assert [one.sha256 for one in unread(session, after=0, limit=9)] == files[2:]
        assert n_unread(session) == 1


def test_what_may_not_be_shown_is_no_active_file(collection: Collection) -> None:
    memes = [add(collection, picture(n), str(n)).meme_id for n in range(2)]
    with collection.database.writing() as session:
        session.get_one(Meme, memes[0]).status = MemeStatus.REMOVED
    with collection.database.reading() as session:
        assert active_files(session) == {hash_bytes(picture(1))}
