//! What the newest snapshot of a worksheet's run says, as notices: each is told once, and withdrawn when it no longer
//! holds.

use std::collections::BTreeSet;

use super::action::{Action, AppAction, Pane, TableAction};
use super::notices::{NoticeOrigin, Notices, Severity};
use super::panel::audit::summary as audit_summary;
use super::worksheet::Worksheet;
use crate::data::Fault;
use crate::engine::{PARTIAL, Seam};
use crate::source::live::net::back_off::wait_of;

/// The key of the notice on an audit that found differences.
const AUDIT: &str = "audit";

/// The key of the notice on a doubtful seam, and of the one on rows in neither face.
const SEAM: &str = "seam";
const NEITHER: &str = "in neither face";

/// Posts what the newest snapshot says, each once, and withdraws what it no longer says.
pub(super) fn tell_news(sheet: &mut Worksheet, notices: &mut Notices) {
    let Some(newest) = sheet.watch.newest.clone() else { return };
    let run = sheet.watch.run_number;
    let origin = |key: &str| NoticeOrigin::Run { sheet: sheet.id, run, key: key.to_owned() };
    // How much of an answer is on disk changes all the time: that it is, is said once.
    let lasting = newest.notes.iter().filter(|note| !note.starts_with(PARTIAL));
    // The text on a doubtful seam changes as well; where a better seam is known, it is offered.
    let overlap = sheet.better_seam();
    let doubt =
        overlap.map(|overlap| Fault::new(sheet.why(&overlap))).or_else(|| newest.seam.warnings.first().cloned());
    // One notice for each that lasts, however often its reason changes.
    let in_trouble: BTreeSet<String> = newest.troubles.iter().map(|trouble| trouble.what.clone()).collect();
    // A break that is over is a gap: the status bar counts those, and the log has had the trouble.
    let is_gap = |note: &String| newest.gaps.iter().any(|gap| gap.is_said_by(note));
    let (gaps, lasting): (Vec<&String>, Vec<&String>) = lasting.partition(|note| is_gap(note));
    let fault = newest.fault.as_ref().map(|fault| (fault.to_string(), fault));
    let disproved = newest.audit.as_ref().filter(|audit| audit.differences > 0).map(audit_summary);
    let in_neither = sheet.in_neither().filter(|_| matches!(sheet.table.seam, Seam::Time(_)));
    let keys: BTreeSet<String> = lasting
        .iter()
        .chain(&gaps)
        .map(|note| (*note).clone())
        .chain(doubt.iter().map(|_| SEAM.to_owned()))
        .chain(in_trouble.iter().map(|what| trouble_key(what)))
        .chain(fault.iter().map(|(key, _)| key.clone()))
        .chain(disproved.iter().map(|_| AUDIT.to_owned()))
        .chain(in_neither.iter().map(|_| NEITHER.to_owned()))
        .collect();
    notices.hold(sheet.id, run, &keys, &in_trouble);
    // A notice that no longer holds may be posted again later.
    sheet.notified.retain(|key| keys.contains(key));
    if let Some((key, fault)) = fault
        && sheet.notified.insert(key.clone())
    {
        notices.post(origin(&key), Severity::Error, fault);
    }
    if let Some(what) = disproved
        && (sheet.notified.insert(AUDIT.to_owned()) || notices.shows(&origin(AUDIT)))
    {
        notices.post(origin(AUDIT), Severity::Error, &Fault::new(what).at(sheet.table.name.clone()));
    }
    if let Some(doubt) = doubt
        && (sheet.notified.insert(SEAM.to_owned()) || notices.shows(&origin(SEAM)))
    {
        let offer = overlap.map(|overlap| {
            ("Let live begin where history ends".to_owned(), Action::Table(sheet.id, TableAction::Seam(overlap.seam())))
        });
        notices.post_with_action(origin(SEAM), Severity::Warning, &doubt.at(sheet.table.name.clone()), offer);
    }
    if let Some(what) = in_neither
        && (sheet.notified.insert(NEITHER.to_owned()) || notices.shows(&origin(NEITHER)))
    {
        let offer = Some(("See them".to_owned(), Action::App(AppAction::Show(Pane::Ledger))));
        let what = what.at(sheet.table.name.clone());
        notices.post_with_action(origin(NEITHER), Severity::Warning, &what, offer);
    }
    for note in gaps {
        if sheet.notified.insert(note.clone()) {
            notices.record(Severity::Warning, &Fault::new(note.clone()).at(sheet.table.name.clone()));
        }
    }
    for note in lasting {
        if sheet.notified.insert(note.clone()) {
            notices.post(origin(note), Severity::Warning, &Fault::new(note.clone()).at(sheet.table.name.clone()));
        }
    }
    for trouble in &newest.troubles {
        let url = sheet.table.live.iter().find(|own| own.url.shown() == trouble.what).map(|own| own.url.text.clone());
        let offer = url
            .filter(|_| wait_of(&trouble.why).is_some())
            .map(|url| ("Try now".to_owned(), Action::Table(sheet.id, TableAction::TryNow(url))));
        let origin = NoticeOrigin::Feed { sheet: sheet.id, feed: trouble.what.clone() };
        if sheet.notified.insert(trouble_key(&trouble.what)) || notices.shows(&origin) {
            let fault = Fault::new(trouble.to_string()).at(sheet.table.name.clone());
            notices.post_with_action(origin, Severity::Warning, &fault, offer);
        }
    }
}

/// The key of a trouble.
fn trouble_key(what: &str) -> String {
    format!("trouble {what}")
}
