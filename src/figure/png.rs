//! An RGB picture as a PNG file (ISO/IEC 15948): one image chunk, and how many pixels go to a metre.

use std::io::Write;

use flate2::Crc;
use flate2::write::ZlibEncoder;

use crate::data::{Fault, Result};

/// `pixels` are three bytes each, row by row; `scale` is pixels per point of 1/96 inch.
pub fn encode(width: usize, height: usize, pixels: &[u8], scale: f32) -> Result<Vec<u8>> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::with_capacity(13);
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    // Eight bits, RGB, the only compression and filter method there are, not interlaced.
    header.extend([8, 2, 0, 0, 0]);
    chunk(&mut out, b"IHDR", &header);

    let per_metre = (f64::from(scale) * 96.0 / 0.0254).round() as u32;
    let mut density = Vec::with_capacity(9);
    density.extend(per_metre.to_be_bytes());
    density.extend(per_metre.to_be_bytes());
    density.push(1);
    chunk(&mut out, b"pHYs", &density);

    let mut body = ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    let failed = |e: std::io::Error| Fault::new(format!("the PNG could not be compressed: {e}"));
    let row = (width * 3).max(1);
    let mut line = vec![0; row + 1];
    let mut above: Option<&[u8]> = None;
    for current in pixels.chunks_exact(row) {
        // Charts are mostly like the row above them: filter 2 makes that zeros.
        if let Some(first) = line.first_mut() {
            *first = if above.is_some() { 2 } else { 0 };
        }
        for (i, target) in line.iter_mut().skip(1).enumerate() {
            let over = above.and_then(|row| row.get(i)).copied().unwrap_or(0);
            *target = current.get(i).copied().unwrap_or(0).wrapping_sub(over);
        }
        body.write_all(&line).map_err(failed)?;
        above = Some(current);
    }
    chunk(&mut out, b"IDAT", &body.finish().map_err(failed)?);
    chunk(&mut out, b"IEND", &[]);
    Ok(out)
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], body: &[u8]) {
    out.extend((body.len() as u32).to_be_bytes());
    out.extend(kind);
    out.extend(body);
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(body);
    out.extend(crc.sum().to_be_bytes());
}
