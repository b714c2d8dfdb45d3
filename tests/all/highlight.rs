//! Laws of a question in colours: its pieces are all of it, whatever it is, and half a question is read as far as it
//! goes.

use braid::query::highlight::{TokenKind, pieces};
use proptest::prelude::*;

fn of(sql: &str, wanted: TokenKind) -> Vec<&str> {
    pieces(sql).into_iter().filter(|(_, kind)| *kind == wanted).map(|(range, _)| sql[range].trim()).collect()
}

fn covers(sql: &str) {
    let pieces = pieces(sql);
    let mut at = 0;
    for (range, _) in &pieces {
        assert!(range.start == at && range.end > at && sql.is_char_boundary(range.end), "{sql:?}: {pieces:?}");
        at = range.end;
    }
    assert_eq!(at, sql.len(), "{sql:?}");
    assert!(pieces.windows(2).all(|pair| pair[0].1 != pair[1].1), "{sql:?}: neighbours of one kind are one piece");
}

const QUESTION: &str = "SELECT 航班, \"from\", count(*) AS n, 'it''s 晚' -- 注释 SELECT
FROM flights f LEFT JOIN /* where
*/ airports a ON f.\"select\" = a.code
WHERE date >= DATE '2001-01-31' AND name LIKE '%北%' GROUP BY 航班 ORDER BY n DESC LIMIT 10;";

#[test]
fn words_texts_and_comments_are_told_apart() {
    let keys = of(QUESTION, TokenKind::Keyword).join(" ");
    assert_eq!(keys, "SELECT AS FROM LEFT JOIN ON WHERE AND LIKE GROUP BY ORDER BY DESC LIMIT");
    assert_eq!(of(QUESTION, TokenKind::Text), ["'it''s 晚'", "'2001-01-31'", "'%北%'"]);
    assert_eq!(of(QUESTION, TokenKind::Comment), ["-- 注释 SELECT", "/* where\n*/"]);
    assert_eq!(of("select sum(open), left(name, 1) from t", TokenKind::Keyword)[0], "select", "in any case");
    assert!(of("SELECT name, open, date, format, start FROM t", TokenKind::Other)[0].starts_with("name, open, date"));
}

#[test]
fn half_a_question_is_read_as_far_as_it_goes() {
    let letters = QUESTION.char_indices().map(|(at, _)| at);
    letters.chain([QUESTION.len()]).for_each(|at| covers(&QUESTION[..at]));
    assert_eq!(of("SELECT 'it is FROM t", TokenKind::Text), ["'it is FROM t"], "an open quote reaches to the end");
    assert_eq!(of("SELECT 'it is FROM t", TokenKind::Keyword), ["SELECT"]);
    assert_eq!(of("SELECT 1 /* FROM t", TokenKind::Comment), ["/* FROM t"]);
    assert_eq!(of("SELECT \"a FROM t", TokenKind::Keyword), ["SELECT"]);
    for odd in [
        "",
        " ",
        "'",
        "\"",
        "`",
        "$$",
        "$a$b",
        "/*",
        "--",
        "e'\\",
        "\r\n'\r\n",
        "/*!5 SELECT */ 1",
        "\u{0}",
        "[",
        "x'zz",
    ] {
        covers(odd);
    }
}

proptest! {
    #![proptest_config(crate::cases(256))]

    #[test]
    fn any_text_is_covered_by_its_pieces(
        text in ".{0,60}",
        marks in "[-'\"`$/*!\\\\n\r一 aE0xXnNuU&q{}\\[\\]#@?]{0,40}",
    ) {
        covers(&text);
        covers(&marks);
        covers(&format!("{marks}{text}"));
    }
}
