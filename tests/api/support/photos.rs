//! Photographs for tests, and the forms that carry them.

use actix_web::http::Method;
use uuid::Uuid;

use super::{Actor, TestApp};

/// Between the parts of a form.
pub const BOUNDARY: &str = "part-of-a-form";

fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], &length[..], contents].concat()
}

/// A picture whose EXIF says where it was taken, and to turn it.
pub fn photo() -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    exif.extend_from_slice(b"51.5456,-0.1426");
    [
        b"\xFF\xD8".to_vec(),
        segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        segment(0xE1, &exif),
        segment(0xDB, &[0; 65]),
        segment(0xC0, &[8, 0, 2, 0, 2, 1, 1, 0x11, 0]),
        segment(0xC4, &[0; 18]),
        segment(0xDA, b"\x01\x01\0\0\x3F\0"),
        b"scan\xFF\xD9".to_vec(),
    ]
    .concat()
}

/// A form with a file and what is said of it.
pub fn form(name: &str, media_type: &str, file: &[u8], phase: &str) -> Vec<u8> {
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {media_type}\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    for (part, text) in [("phase", phase), ("taken_at", "2026-03-02T08:40:00Z")] {
        let part = format!("\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{part}\"\r\n\r\n{text}");
        body.extend_from_slice(part.as_bytes());
    }
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

impl TestApp {
    /// A photograph added to a case by `actor`.
    pub async fn photograph(&self, actor: &Actor, case: Uuid, phase: &str) -> Uuid {
        let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
        let body = form("wall.jpg", "image/jpeg", &photo(), phase);
        let path = format!("/v1/cases/{case}/attachments");
        self.draft(actor, Method::POST, &path)
            .bytes(&media_type, body)
            .send()
            .await
            .expect(201)
            .id()
    }
}
