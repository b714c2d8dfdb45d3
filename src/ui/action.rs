//! What a person can do. Panels propose actions while they are painted; `apply` carries them out after the frame.
//! Tests and scripts propose the same actions.

use std::path::PathBuf;

use super::cost::Against;
use super::feed::Draft;
use super::guard;
use super::lesson;
use super::models::ModelId;
use super::report;
use super::rewind::Stretch;
use super::sheet::SheetId;
use crate::data::format::Formulas;
use crate::engine::guard::Who;
use crate::engine::{Seam, TimeColumn};
use crate::figure::View;
use crate::query::Form;
use crate::workspace::{TableSetup, Theme};

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Open(Open),
    Table(SheetId, TableAction),
    Question(Question),
    Run(RunAction),
    Chart(Chart),
    Rewind(Rewind),
    Cost(Cost),
    Feed(Feed),
    Learn(Learn),
    Load(Load),
    Model(ModelId, ModelAction),
    Guard(ModelId, Guard),
    Report(Report),
    Export(Export),
    Agree(Agree),
    Window(Window),
}

/// What is done with something that was saved elsewhere and names hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agree {
    /// Its hosts may be connected to, now and later.
    Connect,
    /// Its files are opened, and not its feeds.
    WithoutFeeds,
    Leave,
}

/// New tables.
#[derive(Clone, Debug, PartialEq)]
pub enum Open {
    Paths(Vec<PathBuf>),
    /// Something opened before, with its feeds and its question.
    Setup(TableSetup),
    PickFiles,
    PickFolder,
    Sample(Sample),
    /// Stop the work with this number.
    Cancel(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    History,
    Live,
    Both,
}

/// What can be done to one table.
#[derive(Clone, Debug, PartialEq)]
pub enum TableAction {
    Select,
    Remove,
    /// Ends its run, and keeps the answer so far.
    Stop,
    Time(Option<TimeColumn>),
    Seam(Seam),
    /// Finds out how late its rows come, and what each lateness would have cost.
    Learn,
    /// Keeps the newest rows of its answer in sight, or lets them go.
    Follow(bool),
    /// Takes the feed with this address off.
    Detach(String),
    /// Puts a model from a file under it.
    LoadModel(PathBuf),
    /// Takes the files of another table of the same schema into this one's history.
    Join(SheetId),
}

/// The question of the selected table.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    Sql(String),
    /// The builder's view; `ask` at once, or wait until the field is left.
    Form {
        form: Box<Form>,
        ask: bool,
    },
    Ask,
    /// Item number so and so of the SELECT list becomes its cheaper form, and is asked.
    Cheaper(usize),
    Undo,
    Redo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunAction {
    Pause,
    Resume,
    Stop,
    /// Puts late rows into the windows that they missed.
    Readmit,
    /// Shows the changed question's answer as far as it is.
    ShowNow,
    /// Gives the changed question up.
    KeepOld,
}

/// Going back in a running feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewind {
    To(Stretch),
    Now,
}

/// What questions cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Of the selected table's question, over parts of its files.
    Measure,
    Cancel,
    /// Shows the growth of the run with this number.
    Choose(u64),
    /// Draws it against that.
    Against(Against),
}

/// How the answer is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Chart {
    Mark(&'static str),
    /// Column names; `None` for none.
    X(String),
    Y(Vec<String>),
    Split(Option<String>),
    /// Back to the picture that fits.
    Guess,
    /// What to look at; `None` for all.
    View(Option<View>),
}

/// The form for a feed.
#[derive(Clone, Debug, PartialEq)]
pub enum Feed {
    /// For a new table, or for this one's live face.
    Begin(Option<SheetId>),
    Edit(Box<Draft>),
    Test,
    Add,
    Close,
}

/// The lesson that is being set up.
#[derive(Clone, Debug, PartialEq)]
pub enum Learn {
    /// From this table.
    Begin(SheetId),
    Edit(Box<lesson::Draft>),
    /// Looks for features of a target that is computed.
    Propose,
    Train,
    Cancel,
}

/// A model from a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Load {
    /// Under this table.
    Begin(SheetId),
    /// Its path as it is typed.
    Edit(String),
    /// Asks the system's dialog.
    Choose,
    /// Reads what was typed.
    Read,
}

/// What can be done with one model.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelAction {
    Report,
    /// Shows its guard, and lets it begin.
    Guard,
    /// Asks its table what it says of the rows.
    AskPredictions,
    /// Asks its table how often it is right.
    AskAccuracy,
    Rename(String),
    Remove,
}

/// What can be done while a model is guarded.
#[derive(Clone, Debug, PartialEq)]
pub enum Guard {
    /// Begins again with the first row that it was not trained on.
    Begin,
    Stop,
    /// Compares features every so many rows, from the beginning.
    Window(u64),
    View(guard::View),
    /// How many of the newest rows a new forest is trained on; empty leaves it to be proposed.
    Rows(String),
    Retrain,
    CancelRetrain,
    /// Lets a challenger take the model's place.
    Swap(Who),
    /// Lets the model that was replaced last take its place again.
    SwapBack,
}

/// What a report shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    View(report::View),
    Class(usize),
    Feature(String),
}

/// `None`: ask where.
#[derive(Clone, Debug, PartialEq)]
pub enum Export {
    Chart(Option<PathBuf>, ChartFile),
    Answer(Option<PathBuf>, AnswerFile),
    /// The figure of the report, or of the guard.
    Figure(Option<PathBuf>, ChartFile),
    Model(Option<PathBuf>, ModelId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartFile {
    Png,
    Svg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFile {
    Csv,
    Parquet,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    Dismiss(u64),
    Show(Pane),
    Hide,
    Theme(Theme),
    Tab(Tab),
    Copy(String),
    /// What CSV does with formulas.
    Formulas(Formulas),
    ForgetRecent,
}

/// What lies over the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    Ledger,
    Rejects,
    Late,
    Lateness,
    Rewind,
    Cost,
    Learn,
    Load,
    Report,
    Guard,
}

/// Which view of the question is shown where there is room for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Builder,
    Sql,
}

impl ChartFile {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }
}

impl AnswerFile {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}
