//! An RGB picture as a PNG file, and how many pixels go to a metre.

use png::{BitDepth, ColorType, DeflateCompression, Encoder, EncodingError, Filter, PixelDimensions, Unit};

use crate::data::{Fault, Result};

/// `pixels` are three bytes each, row by row; `scale` is pixels per point of 1/96 inch.
///
/// # Errors
/// When a side is 0, or there are more or fewer pixels than the sides say.
pub fn encode(width: usize, height: usize, pixels: &[u8], scale: f32) -> Result<Vec<u8>> {
    let per_metre = (f64::from(scale) * 96.0 / 0.0254).round() as u32;
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width as u32, height as u32);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_pixel_dims(Some(PixelDimensions { xppu: per_metre, yppu: per_metre, unit: Unit::Meter }));
    encoder.set_deflate_compression(DeflateCompression::Level(6));
    // Charts are mostly like the row above them, which this filter makes zeros.
    encoder.set_filter(Filter::Up);
    let failed = |e: EncodingError| Fault::new(format!("the PNG could not be made: {e}"));
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}
