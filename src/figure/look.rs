//! Colours and sizes of pictures. Every colour of a figure stands here.

use serde::{Deserialize, Serialize};

/// Red, green, blue and opacity, 0 to 255, in sRGB, not premultiplied.
pub type Rgba = [u8; 4];

/// How pictures look. Sizes are in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    pub dark: bool,
    pub paper: Rgba,
    /// Titles and the legend.
    pub ink: Rgba,
    /// Labels of ticks, the caption, notes.
    pub muted: Rgba,
    pub grid: Rgba,
    /// The line along the x axis and the line at zero.
    pub axis: Rgba,
    pub seam: Rgba,
    pub gap: Rgba,
    /// Of series, in their order. Distinct with any of the common colour vision deficiencies, and at least 3:1
    /// against `paper`.
    pub palette: [Rgba; 8],
    /// Of labels; the title is larger.
    pub font_size: f32,
    /// Device pixels per point: how finely data are decimated and hairlines are set.
    pub scale: f32,
}

/// What a rule says of the values beyond it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Nothing but where it is.
    #[default]
    Plain,
    Good,
    Warn,
    Bad,
}

impl Tone {
    /// All, with their titles for menus.
    pub const ALL: &[(Self, &str)] =
        &[(Self::Plain, "plain"), (Self::Good, "good"), (Self::Warn, "warning"), (Self::Bad, "bad")];
}

/// The colour of what is left out of the palette: the sum of the other series.
pub const OTHER: usize = usize::MAX;

const fn rgb(hex: u32) -> Rgba {
    [(hex >> 16) as u8, (hex >> 8) as u8, hex as u8, 255]
}

impl Look {
    pub const fn light() -> Self {
        Self {
            dark: false,
            paper: rgb(0xFF_FFFF),
            ink: rgb(0x1F_2328),
            muted: rgb(0x5F_6670),
            grid: rgb(0xE6_E8EB),
            axis: rgb(0x8A_919A),
            seam: rgb(0x1F_2328),
            gap: rgb(0x8A_919A),
            palette: [
                rgb(0x09_4CC2),
                rgb(0xC4_4F08),
                rgb(0x00_8959),
                rgb(0x9B_458E),
                rgb(0xB9_8F00),
                rgb(0x3A_97D6),
                rgb(0x35_4F53),
                rgb(0x6A_1F10),
            ],
            font_size: 12.0,
            scale: 1.0,
        }
    }

    pub const fn dark() -> Self {
        Self {
            dark: true,
            paper: rgb(0x1B_1D21),
            ink: rgb(0xE8_EAED),
            muted: rgb(0xA3_A9B2),
            grid: rgb(0x2F_3339),
            axis: rgb(0x70_7781),
            seam: rgb(0xE8_EAED),
            gap: rgb(0x9A_A1AB),
            palette: [
                rgb(0x44_89F5),
                rgb(0xDF_5329),
                rgb(0x2D_DE9E),
                rgb(0xC3_9ED8),
                rgb(0xFE_A030),
                rgb(0xB9_E8FF),
                rgb(0x81_7B7F),
                rgb(0xF6_EF6D),
            ],
            font_size: 12.0,
            scale: 1.0,
        }
    }

    pub const fn scaled(mut self, scale: f32) -> Self {
        self.scale = scale;
        self
    }

    /// The colour of a series; after the eighth they come again in two other shades, which are told apart from
    /// the first and stand as well against the paper.
    pub fn color(&self, series: usize) -> Rgba {
        if series == OTHER {
            return self.axis;
        }
        let own = self.palette.get(series % self.palette.len()).copied().unwrap_or(self.ink);
        match series / self.palette.len() {
            0 => own,
            1 if self.dark => blended(own, rgb(0x1B_1D21), 0.2),
            1 => blended(own, rgb(0x1F_2328), 0.4),
            _ if self.dark => blended(own, rgb(0xFF_FFFF), 0.6),
            _ => blended(own, rgb(0x00_0000), 0.7),
        }
    }

    /// The colour of a rule.
    pub fn tone(&self, tone: Tone) -> Rgba {
        match (tone, self.dark) {
            (Tone::Plain, _) => self.muted,
            (Tone::Good, false) => rgb(0x1A_7F37),
            (Tone::Good, true) => rgb(0x56_D364),
            (Tone::Warn, false) => rgb(0x9A_6700),
            (Tone::Warn, true) => rgb(0xE3_B341),
            (Tone::Bad, false) => rgb(0xCF_222E),
            (Tone::Bad, true) => rgb(0xFF_7B72),
        }
    }

    /// Of a value that is this share (0 to 1) of the largest: equal steps look equally large, in grey and with any
    /// colour vision too, and the larger stands out the more from the paper.
    pub fn ramp(&self, share: f64) -> Rgba {
        let colorous::Color { r, g, b } =
            colorous::VIRIDIS.eval_continuous(if self.dark { share } else { 1.0 - share });
        [r, g, b, u8::MAX]
    }

    pub fn title_size(&self) -> f32 {
        (self.font_size * 1.3).round()
    }

    /// Of the seam's and the gaps' labels.
    pub fn small_size(&self) -> f32 {
        (self.font_size * 0.9).round()
    }

    /// Width of a series' line.
    pub fn stroke(&self) -> f32 {
        self.font_size / 7.5
    }

    /// Radius of a scatter's circle.
    pub fn dot(&self) -> f32 {
        self.font_size * 0.25
    }
}

impl Default for Look {
    fn default() -> Self {
        Self::light()
    }
}

/// The same colour, this opaque (0 to 1).
pub fn faded([r, g, b, a]: Rgba, opacity: f32) -> Rgba {
    [r, g, b, (f32::from(a) * opacity.clamp(0.0, 1.0)).round() as u8]
}

/// What is seen of a colour this opaque on paper.
pub fn blended(paper: Rgba, color: Rgba, opacity: f32) -> Rgba {
    let share = opacity.clamp(0.0, 1.0);
    let mix = |under: u8, over: u8| (f32::from(under) * (1.0 - share) + f32::from(over) * share).round() as u8;
    let ([pr, pg, pb, _], [r, g, b, _]) = (paper, color);
    [mix(pr, r), mix(pg, g), mix(pb, b), u8::MAX]
}

/// Of two colours the one that words are easier to read in on this ground, by contrast ratio (WCAG 2.2).
pub fn readable(ground: Rgba, one: Rgba, other: Rgba) -> Rgba {
    let luminance = |[r, g, b, _]: Rgba| {
        let linear = |v: u8| {
            let v = f32::from(v) / 255.0;
            if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    };
    let contrast = |ink: Rgba| {
        let (a, b) = (luminance(ground), luminance(ink));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    };
    if contrast(one) >= contrast(other) { one } else { other }
}
