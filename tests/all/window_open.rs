//! Opening what was open before: by its file, its address, or under another name.

use std::time::Duration;

use braid::ui::action::{Action, ChartAction, TableAction};
use braid::workspace::TableSetup;

use super::window::{Window, with_sales};

const QUESTION: &str = "SELECT sold, sum(price) AS total FROM sales WHERE sales.price > 1 GROUP BY sold ORDER BY sold";

/// The table of sales with a question, a mark and a time of a person's own.
fn left(name: &str) -> (Window, std::path::PathBuf) {
    let mut window = with_sales();
    window.ask(name);
    window.wait_done();
    let id = window.sheet().id;
    let time = braid::engine::TimeColumn { column: "sold".to_owned(), lateness: Duration::from_secs(3_600) };
    window.propose(Action::Table(id, TableAction::Time(Some(time))));
    window.propose(Action::Chart(ChartAction::Mark("bar")));
    window.wait_done();
    let path = window.path("sales.csv");
    (window, path)
}

#[test]
fn a_file_that_is_opened_by_itself_is_as_it_was_left() {
    let (mut window, path) = left(QUESTION);
    let id = window.sheet().id;
    window.propose(Action::Table(id, TableAction::Remove));
    let mut window = window.restarted();
    assert!(window.app().sheets().is_empty(), "it was closed");
    window.drop_files(&[&path]);
    window.wait("it is a table again", |app| app.sheets().len() == 1);
    window.wait_done();
    {
        let sheet = window.sheet();
        assert_eq!(sheet.question.asked, QUESTION);
        assert_eq!(sheet.chart.chosen_mark(), Some("bar"));
        assert_eq!(sheet.table.time.as_ref().map(|time| time.lateness), Some(Duration::from_secs(3_600)));
    }
    // Beside itself it has another name, and its question is of itself.
    window.drop_files(&[&path]);
    window.wait("it is there twice", |app| app.sheets().len() == 2);
    window.wait_done();
    let sheet = window.sheet();
    assert_eq!((sheet.table.name.as_str(), sheet.question.form.table.as_str()), ("sales_2", "sales_2"));
    assert!(sheet.question.fault.is_none(), "{:?}", sheet.question.fault);
    drop(sheet);
    assert_eq!(window.answer().len(), 3);
}

#[test]
fn a_file_comes_back_without_the_feed_that_was_attached_to_it() {
    let (window, path) = left(QUESTION);
    let window = window.restarted();
    let mut kept = window.app().settings().clone();
    let setup = kept.recent.remove(0);
    kept.remember(TableSetup { live: vec!["replay:elsewhere.csv".to_owned()], ..setup });
    let alone = kept.alone(&[path.clone()]).expect("the file is known");
    assert_eq!((alone.question.as_str(), alone.live.len()), (QUESTION, 0));
    assert!(kept.known(&[path], &[]).is_none() && kept.alone(&[]).is_none());
}
