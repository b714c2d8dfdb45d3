//! Carrying out what concerns the form for a feed.

use super::super::action::FeedAction;
use super::super::feed::FeedForm;
use super::super::jobs::{AttachTarget, JobKind};
use super::super::{App, dialog};
use crate::engine::open::{attach_feed, preview_feed};
use crate::engine::{Job, Table};
use crate::workspace::TableSetup;

impl App {
    pub(super) fn apply_feed(&mut self, feed: FeedAction) {
        match feed {
            FeedAction::Begin(into) => self.feed = Some(FeedForm::new(into)),
            FeedAction::Close => self.feed = None,
            FeedAction::Edit(draft) => {
                if let Some(form) = &mut self.feed {
                    if form.draft.kind != draft.kind {
                        // The test of another kind of feed says nothing about this one.
                        (form.test, form.tested) = (None, None);
                    }
                    form.draft = *draft;
                }
            }
            FeedAction::Browse(setting) => {
                let job = Job::start("choose a file", self.wake.clone(), |_| dialog::pick_files());
                if let Some(form) = &mut self.feed {
                    form.browsing = Some((setting, job));
                }
            }
            FeedAction::Test => {
                let wake = self.wake.clone();
                if let Some(form) = &mut self.feed {
                    let url = form.draft.url();
                    form.tested = None;
                    form.test = Some((url.clone(), preview_feed(url, wake)));
                }
            }
            FeedAction::Add => self.add_feed(),
        }
    }

    /// The form is complete: the feed becomes the live face of a table, or a table of its own.
    fn add_feed(&mut self) {
        let Some(mut form) = self.feed.take() else { return };
        let url = form.draft.url();
        if let Err(fault) = form.draft.check() {
            form.tested = Some((url, Err(fault)));
            self.feed = Some(form);
            return;
        }
        let target = form.draft.into.and_then(|id| self.sheets.iter().find(|s| s.id == id));
        if let Some(sheet) = target {
            let kept = self.kept_in(&TableSetup { id: sheet.id, ..TableSetup::default() });
            let job = attach_feed(Table::clone(&sheet.table), url, kept, self.wake.clone());
            self.jobs.add(JobKind::Attach { job, to: Box::new(AttachTarget::Worksheet(sheet.id)) });
        } else {
            self.open_setup(TableSetup { name: form.draft.table_name(), live: vec![url], ..TableSetup::default() });
        }
    }
}
