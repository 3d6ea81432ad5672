"""The tables of a corpus: made by the database's own function, and made again when one of them is lost."""

from bottega.platform.database.pool import Connection
from bottega.retrieval.corpus import Corpus


async def lost_tables(connection: Connection, corpus: Corpus) -> list[str]:
    """Which of the tables, and of the index over postings, are not there."""
    wanted = [*corpus.tables, f"{corpus.postings}_impact"]
    rows = await connection.fetch(
        "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL ORDER BY name", wanted
    )
    return [row["name"] for row in rows]


async def ensure(connection: Connection, corpus: Corpus) -> list[str]:
    """Makes what is missing and returns what that was; what was left of the words goes too, to be written anew.

    Terms and documents are known by numbers: beside a table made anew, those in the others mean something else.
    """
    lost = await lost_tables(connection, corpus)
    if not lost:
        return lost
    is_new = set(lost) >= set(corpus.tables)
    await connection.execute("SELECT search.ensure_corpus($1)", corpus.name)
    if is_new:
        await connection.execute("DELETE FROM search.corpora WHERE corpus = $1", corpus.name)
        await connection.execute("INSERT INTO search.corpora (corpus) VALUES ($1)", corpus.name)
    elif corpus.documents in lost:
        await connection.execute(f"TRUNCATE {', '.join(corpus.tables)}")
        await connection.execute(
            "UPDATE search.corpora SET documents = 0, total_lengths = '{}', rewriting = true WHERE corpus = $1",
            corpus.name,
        )
    elif {corpus.postings, corpus.terms, corpus.remainders} & set(lost):
        await empty_words(connection, corpus)
    return lost


async def empty_words(connection: Connection, corpus: Corpus) -> None:
    """Empties what knows words by number, to be written anew; documents keep their numbers and their vectors."""
    await connection.execute(f"TRUNCATE {corpus.postings}, {corpus.remainders}, {corpus.terms}")
    await connection.execute(
        f"UPDATE {corpus.documents} SET terms = '{{}}', impacts = '{{}}', lengths = '{{}}' WHERE terms <> '{{}}'"
    )
    await connection.execute(
        "UPDATE search.corpora SET total_lengths = '{}', rewriting = true WHERE corpus = $1", corpus.name
    )
