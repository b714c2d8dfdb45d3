//! The chart of an answer: its settings, the figure made by them, and the view. A big answer becomes a
//! figure in a job; the newest wins.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use eframe::egui::{Pos2, Rect, Ui};

use super::action::ChartAction;
use super::canvas::{self, Drawn};
use super::look;
use super::widget::numbers;
use crate::data::zone::Zone;
use crate::data::{Fault, Result};
use crate::engine::{Job, Snapshot};
use crate::figure::{self, Colours, Encoding, Figure, Look, Settings, View};
use crate::sync::Wake;
use crate::workspace::{Windows, picture};

/// The largest answer that becomes a figure while the window waits, rows.
const SMALL: usize = 4_000;

/// The mark and the columns that are drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    pub mark: String,
    /// `None`: the number of the row.
    pub x: Option<String>,
    pub y: Vec<String>,
    /// Those of `y` that are read at the right axis.
    pub right: Vec<String>,
    pub split: Option<String>,
    /// The series there are to choose from; the first thousand.
    pub series: Vec<String>,
    /// The columns with a small picture for each of their values, to choose from.
    pub categories: Vec<String>,
    /// Whether those that are left out can be summed up.
    pub adds_up: bool,
}

/// What a figure was built from: the run, the version of its snapshot, the count of choices, and the zone of its times.
type Key = (u64, u64, u64, Zone);

#[derive(Debug)]
struct Built {
    shown: Shown,
    figure: Figure,
    is_whole: bool,
}

/// A chart, and what it was built from.
#[derive(Debug, Default)]
pub struct Chart {
    settings: Settings,
    /// Counts changes of `settings`.
    choices: u64,
    view: Option<View>,
    shown: Shown,
    figure: Option<Arc<Figure>>,
    /// The figure is of all rows that there were.
    is_whole: bool,
    fault: Option<Fault>,
    /// The pointer is over it: names along its axis stay in their order.
    pointed: bool,
    /// Which place of the answer each of them has, where that is another.
    order: Option<Vec<usize>>,
    built: Option<Key>,
    job: Option<(Key, Job<Built>)>,
    /// What its series got the colours of their names for.
    coloured: Option<Key>,
    /// Counts figures and views.
    serial: u64,
    /// A cache that is filled while painting.
    drawn: RefCell<Option<(DrawnKey, Drawn)>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct DrawnKey {
    serial: u64,
    rect: Rect,
    look: Look,
    detail: Detail,
}

/// How much of a figure is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detail {
    Whole,
    /// Its caption stands elsewhere.
    Uncaptioned,
    /// Without axes and words.
    Sketch,
}

impl Chart {
    pub fn figure(&self) -> Option<Arc<Figure>> {
        self.figure.clone()
    }

    pub fn shown(&self) -> &Shown {
        &self.shown
    }

    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    pub fn view(&self) -> Option<View> {
        self.view
    }

    pub fn is_chosen(&self) -> bool {
        self.settings != Settings::default()
    }

    pub fn is_building(&self) -> bool {
        self.job.is_some()
    }

    /// What a person has chosen.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Draws by other settings. What is looked at stays as long as the axes mean the same.
    pub fn set_settings(&mut self, settings: Settings) {
        let axes = |own: &Settings| (own.x.clone(), own.y.clone(), own.left_axis.log, own.panels.clone());
        if axes(&settings) != axes(&self.settings) {
            self.set_view(None);
        }
        if settings != self.settings {
            self.settings = settings;
            self.choices += 1;
        }
    }

    pub fn choose(&mut self, choice: ChartAction) {
        let mut settings = self.settings.clone();
        match choice {
            ChartAction::Mark(mark) => settings.mark = mark.to_owned(),
            ChartAction::X(x) => settings.x = Some(x),
            ChartAction::Y(y) => settings.y = Some(y),
            ChartAction::Split(split) => settings.split = Some(split.unwrap_or_default()),
            ChartAction::Settings { settings: chosen, .. } => settings = *chosen,
            ChartAction::Guess => {
                settings = Settings::default();
                self.set_view(None);
            }
            ChartAction::View(view) => return self.set_view(view),
            ChartAction::Form(_) => return,
        }
        self.set_settings(settings);
    }

    pub fn set_view(&mut self, view: Option<View>) {
        self.view = view;
        if let Some(figure) = &mut self.figure {
            Arc::make_mut(figure).view = view;
            self.serial += 1;
        }
    }

    /// Gives its series the colours that their names have among others.
    pub fn colour_by(&mut self, colours: &mut Colours) {
        if self.coloured == self.built {
            return;
        }
        self.coloured = self.built;
        if let Some(figure) = &mut self.figure {
            colours.paint(Arc::make_mut(figure));
            self.serial += 1;
        }
    }

    /// A chart of a given figure.
    pub fn of(figure: Figure) -> Self {
        Self { figure: Some(Arc::new(figure)), ..Self::default() }
    }

    /// Replaces the figure.
    pub fn show(&mut self, figure: Figure) {
        self.figure = Some(Arc::new(figure));
        self.serial += 1;
    }

    /// Tells where the pointer is: what it is over keeps the order of its names.
    pub fn point_at(&mut self, pointer: Option<Pos2>) {
        let over = |at: Pos2| self.drawn.borrow().as_ref().is_some_and(|(key, _)| key.rect.contains(at));
        self.pointed = pointer.is_some_and(over);
        if !self.pointed && self.order.take().is_some() {
            // It is built once more, in the order of its answer.
            self.built = None;
        }
    }

    /// The place in the answer of a place on an axis of names.
    pub fn answer_place(&self, place: usize) -> usize {
        self.order.as_ref().and_then(|order| order.get(place).copied()).unwrap_or(place)
    }

    /// Updates the chart to `snapshot`, a snapshot of the run with this number and these windows, which covers this
    /// share of the rows.
    pub fn poll(&mut self, snapshot: &Arc<Snapshot>, share: f64, (run, windows): (u64, &Arc<Windows>), wake: &Wake) {
        if let Some((key, job)) = &mut self.job
            && let Some(built) = job.take()
        {
            let key = *key;
            self.job = None;
            self.take(key, built);
        }
        let zone = numbers::zone();
        let key = (run, snapshot.version, self.choices, zone);
        if self.built == Some(key) || self.job.as_ref().is_some_and(|(of, _)| *of == key) {
            return;
        }
        let settings = self.settings.clone();
        if snapshot.answer.height() <= SMALL {
            self.job = None;
            self.take(key, build(snapshot, share, windows, (&settings, zone)));
        } else if self.job.is_none() {
            let (snapshot, windows) = (snapshot.clone(), windows.clone());
            self.job = Some((
                key,
                Job::start("figure", wake.clone(), move |_| build(&snapshot, share, &windows, (&settings, zone))),
            ));
        }
    }

    fn take(&mut self, key: Key, built: Result<Built>) {
        // Another question has another x axis, so that the old view does not apply.
        let same = self.built.is_none_or(|(run, ..)| run == key.0);
        if !same {
            self.view = None;
        }
        self.built = Some(key);
        self.serial += 1;
        match built {
            Ok(Built { shown, mut figure, is_whole }) => {
                figure.view = self.view;
                let before = self.figure.as_ref().filter(|_| same && self.pointed);
                self.order = before.and_then(|before| figure::keep_order(&mut figure, before));
                (self.shown, self.is_whole) = (shown, is_whole);
                self.figure = Some(Arc::new(figure));
                self.fault = None;
            }
            Err(fault) => {
                self.figure = None;
                self.fault = Some(fault);
            }
        }
    }

    /// Whether the figure is of all rows that there were: of a part, what is missing is not known to be.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Paints the figure into `rect`, drawing it only if something has changed, and hands it to `then`.
    pub fn draw(&self, ui: &Ui, rect: Rect, then: impl FnOnce(&Drawn)) -> Option<Fault> {
        self.draw_with(ui, rect, Detail::Whole, then)
    }

    /// The same of a figure whose caption stands elsewhere.
    pub fn draw_uncaptioned(&self, ui: &Ui, rect: Rect, then: impl FnOnce(&Drawn)) -> Option<Fault> {
        self.draw_with(ui, rect, Detail::Uncaptioned, then)
    }

    /// The same without axes and words.
    pub fn draw_sketch(&self, ui: &Ui, rect: Rect, then: impl FnOnce(&Drawn)) -> Option<Fault> {
        self.draw_with(ui, rect, Detail::Sketch, then)
    }

    fn draw_with(&self, ui: &Ui, rect: Rect, detail: Detail, then: impl FnOnce(&Drawn)) -> Option<Fault> {
        let figure = self.figure.as_ref()?;
        let look = canvas::look_of(look::palette(ui), ui.visuals().dark_mode, ui.pixels_per_point());
        let key = DrawnKey { serial: self.serial, rect, look, detail };
        let mut slot = self.drawn.borrow_mut();
        if slot.as_ref().is_none_or(|(of, _)| *of != key) {
            // The pickers above the chart replace its title; exported charts have one.
            let caption = if detail == Detail::Whole { figure.caption.clone() } else { String::new() };
            let sketch = detail == Detail::Sketch;
            let untitled = Figure { title: String::new(), caption, sketch, ..Figure::clone(figure) };
            match Drawn::new(&untitled, rect, &look) {
                Ok(drawn) => *slot = Some((key, drawn)),
                Err(fault) => return Some(fault),
            }
        }
        if let Some((_, drawn)) = slot.as_ref() {
            drawn.paint(&ui.painter_at(rect));
            then(drawn);
        }
        None
    }
}

/// Makes the figure of an answer.
fn build(snapshot: &Snapshot, share: f64, windows: &Windows, (settings, zone): (&Settings, Zone)) -> Result<Built> {
    let encoding = Encoding { zone, ..windows.encoding(&snapshot.answer, settings) };
    let figure = picture(&encoding, snapshot, windows, share)?;
    let shown = Shown {
        series: figure.names.to_vec(),
        categories: figure::categories(&snapshot.answer),
        mark: figure.mark.clone(),
        adds_up: encoding.adds_up(),
        x: encoding.x,
        y: encoding.y,
        right: encoding.right,
        split: encoding.series.into_iter().next(),
    };
    Ok(Built { shown, figure, is_whole: share >= 1.0 && !snapshot.catching_up })
}

/// Writes the picture as a file, on white paper.
///
/// # Errors
/// When the file cannot be written.
pub fn export(figure: &Figure, path: &Path) -> Result<()> {
    figure::export::save(figure, path, &Look::light())
}
