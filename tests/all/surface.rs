//! Questions over the whole surface, each with the answer that DuckDB 2.0 gives to it.

use crate::cli::{braid, stderr};

/// A question on each line that begins with `? `, its answer on the lines behind it.
const QUESTIONS: &str = include_str!("surface.txt");

const T: &str = "a,k,x\n1,a,2.5\n2,b,\n2,a,4.0\n,c,1.0\n";
const U: &str = "id,a,y,d\n1,1,10,2024-01-01\n2,2,20,2024-02-01\n3,2,5,2024-02-15\n4,,7,2024-03-01\n5,3,9,\n";

#[test]
fn questions_have_the_answers_of_duckdb() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(format!("{name}.csv"));
        std::fs::write(&path, text).unwrap();
        format!("{name}={}", path.display())
    };
    let (t, u) = (file("t", T), file("u", U));
    let mut asked = 0;
    for item in QUESTIONS.trim_end_matches('\n').split("\n? ").map(|item| item.trim_start_matches("? ")) {
        let Some((sql, want)) = item.split_once('\n') else { continue };
        let out = braid(&["run", "--history", &t, "--history", &u, "--sql", sql]);
        assert_eq!(out.status.code(), Some(0), "{sql}: {}", stderr(&out));
        // Where nothing is said of the order, any is right.
        let lines = |text: &str| {
            let mut lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
            if !sql.rsplit(')').next().unwrap_or_default().to_lowercase().contains("order by") {
                lines.sort();
            }
            lines
        };
        assert_eq!(lines(&String::from_utf8_lossy(&out.stdout)), lines(&format!("{want}\n")), "{sql}");
        asked += 1;
    }
    assert!(asked > 70, "{asked} questions were read");
}
