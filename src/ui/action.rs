//! What a person can do. Panels propose actions while they are painted; `apply` carries them out after the frame.
//! Tests and scripts propose the same actions.

use std::path::PathBuf;

use super::cost::Against;
use super::feed::FeedDraft;
use super::grid::GridAction;
use super::guard;
use super::models::ModelId;
use super::question::QuestionOf;
use super::report;
use super::rewind::TimeRange;
use super::train::TrainDraft;
use crate::data::format::Formulas;
use crate::data::zone::Zone;
use crate::engine::guard::Contender;
use crate::engine::{Seam, TimeColumn};
use crate::figure::{Settings, View};
use crate::query::Form;
use crate::workspace::bench::{BoardId, Edit, Filter, Retention, TileId};
use crate::workspace::{Folded, Sample, TableId, TableSetup, Theme};

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Open(OpenAction),
    Table(TableId, TableAction),
    Question(QuestionOf, QuestionAction),
    Board(BoardAction),
    Run(TableId, RunAction),
    Grid(TableId, GridAction),
    Chart(TableId, ChartAction),
    Rewind(TableId, RewindAction),
    Cost(CostAction),
    Feed(FeedAction),
    Train(TrainAction),
    Load(LoadAction),
    Model(ModelId, ModelAction),
    Guard(ModelId, GuardAction),
    Report(ReportAction),
    Export(ExportAction),
    Storage(StorageAction),
    Consent(ConsentAction),
    App(AppAction),
}

/// What is done with something that was saved elsewhere and names hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentAction {
    /// Its hosts may be connected to, now and later.
    Connect,
    /// Its files are opened, and not its feeds.
    WithoutFeeds,
    Leave,
}

/// New tables.
#[derive(Clone, Debug, PartialEq)]
pub enum OpenAction {
    Paths(Vec<PathBuf>),
    /// Something opened before, with its feeds and its question.
    Setup(Box<TableSetup>),
    PickFiles,
    /// Asks for a path as text.
    Path,
    EditPath(String),
    PickFolder,
    Sample(&'static Sample),
    /// Stop the work with this number.
    Cancel(u64),
}

/// What can be done to one table.
#[derive(Clone, Debug, PartialEq)]
pub enum TableAction {
    Select,
    Remove,
    /// Begins to write its name, or ends that.
    Name(bool),
    /// It is called this from now on, wherever it is named.
    Rename(String),
    /// Tries once more to open it.
    OpenAgain,
    /// Its files have moved: one of them is here now, and those that lay beside it lie beside it still.
    Moved(PathBuf),
    /// Asks the system's dialog where they are.
    FindMoved,
    /// Ends its run, and keeps the answer so far.
    Stop,
    /// Follows its feeds again.
    StartAgain,
    Time(Option<TimeColumn>),
    Seam(Seam),
    /// Finds out how late its rows come, and what each lateness would have cost.
    ProfileLateness,
    /// Keeps the newest rows of its answer in sight, or lets them go.
    Follow(bool),
    /// Takes the feed with this address off.
    Detach(String),
    /// Connects a feed that is lost now, rather than after the wait.
    TryNow(String),
    /// Puts a model from a file under it.
    LoadModel(PathBuf),
    /// Lets the model in a file go that could not be read.
    ForgetModel(PathBuf),
    /// Takes the files of another table of the same schema into this one's history.
    AppendFiles(TableId),
}

/// What can be done with boards.
#[derive(Clone, Debug, PartialEq)]
pub enum BoardAction {
    /// Shows a board, or, for `None`, the question of the selected table.
    Show(Option<BoardId>),
    /// A step, which can be taken back. With `goes_on` it is one with the step before, such as a drag.
    Edit { edit: Box<Edit>, goes_on: bool },
    /// A new board, which is then shown.
    New,
    /// Which stretch of time the figures of a board show; `None` for all.
    Range(BoardId, Option<(f64, f64)>),
    /// The same of a tile that keeps its own time.
    OwnRange(TileId, Option<(f64, f64)>),
    /// Lets a tile take all of its board; `None` gives the others their place back.
    Maximise(Option<TileId>),
    /// Shows the board without anything around it.
    Present(bool),
    /// Lets the tiles stand still; rows go on being read.
    Pause(bool),
    /// The tile that keys are for.
    Focus(Option<TileId>),
    /// The same where a key has chosen it: it gets the keyboard's focus.
    Reach(TileId),
    /// Begins to write the name of a board; `None` ends it.
    Name(Option<BoardId>),
    /// Lets a value of a column through alone, on all tiles of a board whose table has it; or, where it is, not any
    /// more.
    Filter { board: BoardId, column: String, value: Option<String> },
    /// Lets what was dragged over through alone, on all tiles of a board whose table has its column.
    Brush(BoardId, Filter),
    /// Moves a tile to a board of its own.
    MoveToNew(TileId),
    /// Opens the pane with the settings of a tile's figure; `None` closes it.
    Figure(Option<TileId>),
    /// Opens the pane with what can be put on the board, of this table; `None` closes it.
    Add(Option<TableId>),
    /// Begins to write the words of a tile; `None` ends it.
    Write(Option<TileId>),
    /// Begins to write the title of a tile; `None` ends it.
    Rename(Option<TileId>),
    /// Opens the pane with the question of a tile; `None` closes it.
    Question(Option<TileId>),
    /// Puts the question of a tile before its table, to be changed.
    Open(TileId),
    /// Gives a tile the question of its table.
    Update(TileId),
    /// Back to the board of a tile whose question was opened.
    Leave(TileId),
    /// Puts the question of a table on a board; `None` for a new one.
    Keep { table: TableId, board: Option<BoardId> },
}

impl BoardAction {
    /// A step of its own.
    pub fn step(edit: Edit) -> Self {
        Self::Edit { edit: Box::new(edit), goes_on: false }
    }
}

/// A question that is written.
#[derive(Clone, Debug, PartialEq)]
pub enum QuestionAction {
    Sql(String),
    /// The builder's view; `ask` at once, or wait until the field is left.
    Form {
        form: Box<Form>,
        ask: bool,
    },
    Ask,
    /// Replaces the item with this index in the SELECT list by its cheaper form, and asks.
    Cheaper(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunAction {
    Pause,
    Resume,
    Stop,
    /// Puts late rows into the windows that they missed.
    Readmit,
    /// Shows the answer of the changed question, complete or not.
    ShowNow,
    /// Gives the changed question up.
    KeepOld,
}

/// Going back in a running feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RewindAction {
    To(TimeRange),
    Now,
}

/// What questions cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostAction {
    /// Of the question of a table, over parts of its files.
    Benchmark(TableId),
    Cancel,
    /// Shows the growth of the run with this number.
    Choose(u64),
    /// Draws it against that.
    Against(Against),
}

/// How the answer to the question of a table is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum ChartAction {
    Mark(&'static str),
    /// The name of a column.
    X(String),
    Y(Vec<String>),
    Split(Option<String>),
    /// All settings at once. With `goes_on` it is one step with the change before, such as a text that is typed.
    Settings {
        settings: Box<Settings>,
        goes_on: bool,
    },
    /// Opens the pane with all settings, or closes it.
    Form(bool),
    /// Back to the picture that fits.
    Guess,
    /// What to look at; `None` for all.
    View(Option<View>),
}

/// The form for a feed.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedAction {
    /// For a new table, or for this one's live face.
    Begin(Option<TableId>),
    /// For other settings of a table's feed with this address.
    Change(TableId, String),
    /// Empties the form.
    Clear,
    Edit(Box<FeedDraft>),
    /// Chooses a file with the system's dialog: for this setting, or for the address.
    Browse(Option<&'static str>),
    Test,
    Add,
    Close,
}

/// The training of a model that is being set up.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainAction {
    /// From this table.
    Begin(TableId),
    Edit(Box<TrainDraft>),
    /// Looks for features of a target that is computed.
    Propose,
    Start,
    Cancel,
}

/// A model from a file.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadAction {
    /// Under this table.
    Begin(TableId),
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
pub enum GuardAction {
    /// Begins again with the first row that it was not trained on.
    Begin,
    Stop,
    /// Sets how many rows are compared at a time, and begins again.
    WindowRows(u64),
    View(guard::GuardView),
    /// How many of the newest rows a new forest is trained on; empty leaves it to be proposed.
    Rows(String),
    Retrain,
    CancelRetrain,
    /// Lets a challenger take the model's place.
    Swap(Contender),
    /// Lets the model that was replaced last take its place again.
    SwapBack,
}

/// What a report shows.
#[derive(Clone, Debug, PartialEq)]
pub enum ReportAction {
    View(report::ReportView),
    Class(usize),
    Feature(String),
}

/// Writes a file; without a path, the person is asked for one first.
#[derive(Clone, Debug, PartialEq)]
pub enum ExportAction {
    /// The chart of the question of a table.
    Chart(Option<PathBuf>, TableId, ChartFile),
    /// The answer to it.
    Answer(Option<PathBuf>, TableId, AnswerFile),
    /// The figure of the report, or of the guard.
    Figure(Option<PathBuf>, ChartFile),
    /// The figure of a tile.
    Tile(Option<PathBuf>, TileId, ChartFile),
    Model(Option<PathBuf>, ModelId),
    /// All that is set up, under a name; from then on it is kept there.
    Workspace(Option<PathBuf>),
}

impl ExportAction {
    /// The same into this file.
    #[must_use]
    pub fn to(self, path: PathBuf) -> Self {
        match self {
            Self::Chart(_, table, file) => Self::Chart(Some(path), table, file),
            Self::Answer(_, table, file) => Self::Answer(Some(path), table, file),
            Self::Figure(_, file) => Self::Figure(Some(path), file),
            Self::Model(_, id) => Self::Model(Some(path), id),
            Self::Tile(_, tile, file) => Self::Tile(Some(path), tile, file),
            Self::Workspace(_) => Self::Workspace(Some(path)),
        }
    }
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

/// What concerns the window as a whole.
#[derive(Clone, Debug, PartialEq)]
pub enum AppAction {
    /// Takes the last step back, whatever it was.
    Undo,
    Redo,
    Dismiss(u64),
    Show(Pane),
    Hide,
    /// Closes the window, whatever is under way.
    Quit,
    /// Closes it, and asks before that where something would be lost.
    Leave,
    /// Gives the focus to the panel so many places further.
    Panel(isize),
    Theme(Theme),
    /// In which zone times are shown.
    Zone(Zone),
    Tab(Tab),
    /// Which panels are folded.
    Fold(Folded),
    Copy(String),
    /// What CSV does with formulas.
    Formulas(Formulas),
    ForgetRecent,
}

/// What is done with what the disk holds of feeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StorageAction {
    /// How much is kept.
    Keep(Retention),
    /// What is kept of a table is removed.
    LetGo(TableId),
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
    Train,
    Load,
    Report,
    Guard,
    /// The commands by their names.
    Palette,
    /// The commands that have keys.
    Keys,
    /// What the disk holds of feeds.
    Storage,
    /// Whether to leave, where something would be lost by it.
    Quit,
    /// All notices, with their times.
    Log,
    /// A path as text.
    Path,
    /// All values of one row of the answer.
    Row,
    /// The zones in which times can be shown.
    Zones,
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
