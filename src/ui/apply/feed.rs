//! Carrying out what concerns the form for a feed.

use super::super::action::FeedAction;
use super::super::feed::{FeedDraft, FeedForm};
use super::super::jobs::{AttachTarget, JobKind};
use super::super::{App, dialog};
use crate::engine::open::{attach_feed, preview_feed};
use crate::engine::{Job, Table};
use crate::workspace::{TableId, TableSetup};

impl App {
    pub(super) fn apply_feed(&mut self, feed: FeedAction) {
        match feed {
            FeedAction::Begin(into) => {
                // What was filled in before goes on.
                let draft = self.feed_draft.take().filter(|draft| draft.into == into);
                self.feed =
                    Some(FeedForm { draft: draft.unwrap_or_else(|| FeedDraft::new(into)), ..FeedForm::default() });
            }
            FeedAction::Change(table, url) => self.feed = Some(FeedForm::of(table, url)),
            FeedAction::Clear => {
                if let Some(form) = &mut self.feed {
                    *form = FeedForm::new(form.draft.into);
                }
            }
            FeedAction::Close => self.keep_draft(),
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

    /// Closes the form; what was filled in is there when it is opened again.
    fn keep_draft(&mut self) {
        let draft = self.feed.take().map(|form| form.draft).filter(|draft| draft.replaces.is_none());
        self.feed_draft = draft.or(self.feed_draft.take());
    }

    /// A table is connected: what was filled in for its feeds is done with.
    pub(in crate::ui) fn feed_connected(&mut self, table: &Table) {
        let is_there = |draft: &FeedDraft| table.has_feed(&draft.url());
        self.feed_draft = self.feed_draft.take().filter(|draft| !is_there(draft));
    }

    /// The form is complete: the feed becomes the live face of a table, or a table of its own.
    fn add_feed(&mut self) {
        let Some(form) = &mut self.feed else { return };
        let draft = form.draft.clone();
        let url = draft.url();
        if let Err(fault) = draft.check() {
            form.tested = Some((url, Err(fault)));
            return;
        }
        self.keep_draft();
        if draft.replaces.as_ref() == Some(&url) {
            return;
        }
        if let Some(id) = draft.into.filter(|id| self.sheet_of(*id).is_some()) {
            self.attach(id, url, draft.replaces);
        } else {
            self.open_setup(TableSetup { name: draft.table_name(), live: vec![url], ..TableSetup::default() });
        }
    }

    /// Connects a feed as a live face of a table, in place of another where that is named.
    pub(super) fn attach(&mut self, id: TableId, url: String, replaces: Option<String>) {
        let Some(sheet) = self.sheet_of(id) else { return };
        let kept = self.kept_in(&TableSetup { id, ..TableSetup::default() });
        let mut table = Table::clone(&sheet.table);
        table.live.retain(|feed| Some(&feed.url.text) != replaces.as_ref());
        let job = attach_feed(table, url, kept, self.wake.clone());
        self.jobs.add(JobKind::Attach { job, to: Box::new(AttachTarget::Worksheet { id, replaces }) });
    }
}
