//! Tables whose feeds were stopped when they were open last: their answer is there as far as it was kept, and nothing
//! comes to it until they are started again.

use super::worksheet::Worksheet;
use crate::engine::feed::Feed;
use crate::sync::Wake;

/// Where the answer of such a table comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recalls {
    /// What was known of it.
    Known,
    /// Its history, and no more than the feeds bring meanwhile.
    History,
}

impl Worksheet {
    /// Asks the question of a table whose feeds were stopped: of what is known of the answer.
    pub(super) fn rest(&mut self, wake: &Wake) {
        self.ask_run(wake, true);
        self.watch.stop();
        self.recalls = Some(Recalls::Known);
    }

    /// Where nothing is known of the answer of such a table, its history is read, and what is recorded of its feeds.
    pub(super) fn recall(&mut self, wake: &Wake) {
        let Some((recalls, newest)) = self.recalls.zip(self.watch.newest.clone()) else { return };
        let is_read = newest.history_share() >= 1.0 && !newest.catching_up;
        match recalls {
            Recalls::Known if newest.last => {
                self.recalls = None;
                if newest.rows.come_in == 0 || !is_read {
                    self.ask_run(wake, true);
                    self.watch.stopping = true;
                    // A recording that rests ends by itself.
                    self.recalls = (!self.table.live.iter().all(Feed::rests)).then_some(Recalls::History);
                }
            }
            Recalls::History if is_read => {
                self.recalls = None;
                self.watch.stop();
            }
            _ => {}
        }
    }
}
