//! Questions limited from outside: conditions beside their own, and values in place of variables.

use braid::query::narrow::{Condition, narrowed, with_variables};

fn by(column: &str, any: &[&str]) -> Condition {
    Condition { column: column.into(), any: any.iter().map(|rest| (*rest).to_owned()).collect() }
}

#[test]
fn conditions_stand_beside_those_of_the_question() {
    let narrow = |sql: &str| narrowed(sql, &[by("a b", &["= 1", "IS NULL"]), by("c", &["< 5"])]).unwrap();
    let flat = |sql: &str| narrow(sql).replace('\n', " ");
    assert_eq!(
        flat("SELECT count(*) FROM t WHERE x = 1 OR y = 2 GROUP BY c"),
        "SELECT count(*) FROM t WHERE (x = 1 OR y = 2) AND (\"a b\" = 1 OR \"a b\" IS NULL) AND c < 5 GROUP BY c"
    );
    // A joined table may have the same columns.
    let joined = flat("SELECT count(*) FROM t AS one JOIN u ON one.k = u.k");
    let owned = "WHERE (\"one\".\"a b\" = 1 OR \"one\".\"a b\" IS NULL) AND \"one\".c < 5";
    assert!(joined.ends_with(owned), "{joined}");
    assert!(narrowed("SELECT * FROM (SELECT 1)", &[by("c", &["= 1"])]).is_err());
}

#[test]
fn variables_stand_for_values_but_not_inside_texts() {
    let value = |name: &str| (name == "town").then(|| "'Rome'".to_owned());
    let sql = "SELECT '$town', \"$town\" FROM t WHERE town = $town -- $town";
    let with = with_variables(sql, value).unwrap();
    assert!(with.starts_with("SELECT '$town', \"$town\" FROM t WHERE town = 'Rome'"), "{with}");
    let fault = with_variables("SELECT $city FROM t", value).unwrap_err();
    assert!(fault.what.contains("'city'"), "{}", fault.what);
}
