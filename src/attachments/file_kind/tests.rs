use super::super::fixtures::*;
use super::*;
use crate::rule::Rule;

fn check(name: &str, declared: &str, file: &[u8]) -> Result<Checked, FileRefused> {
    let file = Bytes::copy_from_slice(file);
    Claim::new(name, declared)?.check(&file, &FileLimits::default())
}

fn slug(result: Result<Checked, FileRefused>) -> &'static str {
    let refused = result.unwrap_err();
    assert!(PROBLEMS.contains(refused.problem()));
    refused.problem().slug
}

#[test]
fn every_kind_of_the_list_is_accepted() {
    let mp3 = b"ID3\x04\0\0\0\0\0\x02xx\xFF\xFB\x90\0".to_vec();
    let wav = riff(b"WAVE", &[(b"fmt ", vec![0; 16]), (b"data", vec![1, 2])]).to_vec();
    let files: [(&str, &str, Vec<u8>, FileKind); 12] = [
        ("Wall.JPG", "image/jpeg", jpeg(4, 3).to_vec(), FileKind::Jpeg),
        ("wall.png", "IMAGE/PNG", png(4, 3).to_vec(), FileKind::Png),
        ("wall.webp", "image/webp", webp(16, 16).to_vec(), FileKind::Webp),
        ("notice.pdf", "application/pdf", PDF.to_vec(), FileKind::Pdf),
        ("van.mp4", "video/mp4", mp4(b"isom").to_vec(), FileKind::Mp4),
        ("music.m4a", "audio/mp4", mp4(b"M4A ").to_vec(), FileKind::M4a),
        ("music.m4a", "audio/x-m4a", mp4(b"mp42").to_vec(), FileKind::M4a),
        ("music.mp3", "audio/mpeg", mp3, FileKind::Mp3),
        ("music.wav", "audio/x-wav", wav, FileKind::Wav),
        (
            "diary.txt",
            "text/plain; charset=utf-8",
            "Café, 3 < 4\r\n".into(),
            FileKind::Text,
        ),
        ("cars.txt", "text/plain", b"BMW, grey".to_vec(), FileKind::Text),
        (
            "diary.csv",
            "text/csv",
            b"\xEF\xBB\xBFday,noise\n".to_vec(),
            FileKind::Csv,
        ),
    ];
    for (name, declared, file, kind) in files {
        assert_eq!(check(name, declared, &file).map(|c| c.kind), Ok(kind), "{name}");
    }
}

#[test]
fn pictures_tell_their_size() {
    assert_eq!(
        check("a.jpg", "image/jpeg", &jpeg(640, 480)).unwrap().dimensions,
        Some((640, 480))
    );
    assert_eq!(
        check("a.png", "image/png", &png(7, 9)).unwrap().dimensions,
        Some((7, 9))
    );
}

#[test]
fn content_declaration_and_extension_must_agree() {
    assert_eq!(
        slug(check("a.png", "image/png", &jpeg(1, 1))),
        "attachment-types-differ"
    );
    assert_eq!(
        slug(check("a.jpg", "image/png", &jpeg(1, 1))),
        "attachment-types-differ"
    );
    assert_eq!(
        slug(check("a.mp4", "video/mp4", &mp4(b"M4A "))),
        "attachment-types-differ"
    );
    assert_eq!(slug(check("a.csv", "text/plain", b"a,b")), "attachment-types-differ");
}

#[test]
fn dangerous_names_are_refused_before_any_byte_is_read() {
    for name in [
        "a.svg",
        "a.html",
        "notice.pdf.exe",
        "a.js",
        "a.zip",
        "a.gif",
        "photo.heic",
        "a",
        "jpg",
        "a.docm",
        "photo\u{202E}gpj.exe",
    ] {
        let refused = Claim::new(name, "image/jpeg").unwrap_err();
        assert_eq!(refused.problem().slug, "attachment-type-not-allowed", "{name}");
        assert_eq!(refused.pointer().as_deref(), Some("/file"));
    }
    assert!(
        FileRefused::TypeNotAllowed(refused_extension("heic"))
            .to_string()
            .contains("JPEG")
    );
}

#[test]
fn dangerous_content_is_refused_under_an_innocent_name() {
    let refused = "attachment-type-not-allowed";
    assert_eq!(slug(check("a.jpg", "image/jpeg", b"\x7FELF\x02\x01\x01\0")), refused);
    assert_eq!(slug(check("a.jpg", "image/jpeg", b"PK\x03\x04 zip zip zip")), refused);
    assert_eq!(slug(check("a.jpg", "image/jpeg", b"GIF89a=1;alert(1)")), refused);
    assert_eq!(slug(check("a.jpg", "image/jpeg", b"<svg onload='x'/>")), refused);
    assert_eq!(slug(check("a.png", "image/png", b"<html><script>")), refused);
    let heic = media_box(b"ftyp", b"heic\0\0\0\0heic");
    assert_eq!(slug(check("a.jpg", "image/jpeg", &heic)), refused);
    for markup in [
        "<svg xmlns='x'/>",
        " <!DOCTYPE html>",
        "<?php ?>",
        "#!/bin/sh",
        "\u{FEFF}<a>",
    ] {
        assert_eq!(
            slug(check("a.txt", "text/plain", markup.as_bytes())),
            "attachment-types-differ"
        );
    }
}

#[test]
fn text_is_utf_8_without_control_characters() {
    let damaged = "attachment-damaged";
    assert_eq!(slug(check("a.txt", "text/plain", b"a\0b")), damaged);
    assert_eq!(slug(check("a.txt", "text/plain", b"caf\xE9")), damaged);
    assert_eq!(slug(check("a.txt", "text/plain", b"\x1B[2J")), damaged);
    assert_eq!(slug(check("a.csv", "text/csv", b"\xFF\xFEa\0")), damaged);
}

#[test]
fn empty_and_large_files_are_refused() {
    assert_eq!(slug(check("a.txt", "text/plain", b"")), "attachment-empty");
    let limits = FileLimits {
        max_bytes: 3,
        ..FileLimits::default()
    };
    let claim = Claim::new("a.txt", "text/plain").unwrap();
    assert!(claim.check(&Bytes::from_static(b"abc"), &limits).is_ok());
    let refused = claim.check(&Bytes::from_static(b"abcd"), &limits).unwrap_err();
    assert_eq!(refused.problem().status, 413);
}

#[test]
fn pixel_bombs_are_refused_from_their_headers() {
    let bomb = "attachment-too-many-pixels";
    assert_eq!(slug(check("a.png", "image/png", &png(50_000, 50_000))), bomb);
    assert_eq!(slug(check("a.jpg", "image/jpeg", &jpeg(60_000, 60_000))), bomb);
    // A small canvas around a large bitstream.
    assert_eq!(slug(check("a.webp", "image/webp", &webp(16_000, 16_000))), bomb);
    assert!(check("a.png", "image/png", &png(10_000, 5_000)).is_ok());
    assert_eq!(slug(check("a.png", "image/png", &png(50_000_001, 1))), bomb);
}

#[test]
fn a_picture_of_two_sizes_is_refused() {
    let small = jpeg(1, 1);
    let frame = jpeg_frame(1, 1);
    let at = small.windows(frame.len()).position(|w| w == frame).unwrap();
    let twice = [&small[..at], &jpeg_frame(9_000, 9_000), &small[at..]].concat();
    assert_eq!(slug(check("a.jpg", "image/jpeg", &twice)), "attachment-damaged");
    assert_eq!(slug(check("a.jpg", "image/jpeg", &jpeg(0, 5))), "attachment-damaged");
}

#[test]
fn two_files_in_one_are_refused() {
    let two = "attachment-two-files-in-one";
    for (name, declared, file) in [
        ("a.jpg", "image/jpeg", jpeg(1, 1)),
        ("a.png", "image/png", png(1, 1)),
        ("a.mp4", "video/mp4", mp4(b"isom")),
        ("a.pdf", "application/pdf", Bytes::from_static(PDF)),
    ] {
        assert_eq!(slug(check(name, declared, &[&file, ZIP].concat())), two, "{name}");
    }
    let pdf = "application/pdf";
    assert_eq!(slug(check("a.pdf", pdf, &[b"\n", PDF].concat())), two);
    assert_eq!(slug(check("a.pdf", pdf, &[PDF, b"<script>"].concat())), two);
    assert_eq!(
        slug(check("a.mp4", "video/mp4", &[&mp4(b"isom")[..], b"junk"].concat())),
        "attachment-damaged"
    );
}

#[test]
fn cut_off_files_are_refused() {
    let damaged = "attachment-damaged";
    assert_eq!(slug(check("a.pdf", "application/pdf", b"%PDF-1.7 and no end")), damaged);
    assert_eq!(
        slug(check("a.mp3", "audio/mpeg", b"ID3\x04\0\0\0\0\0\x02xxMZ")),
        damaged
    );
    let film = mp4(b"isom");
    assert_eq!(slug(check("a.mp4", "video/mp4", &film[..film.len() - 1])), damaged);
    let picture = png(1, 1);
    assert_eq!(
        slug(check("a.png", "image/png", &picture[..picture.len() - 12])),
        damaged
    );
}

#[test]
fn files_of_nothing_but_empty_parts_are_refused() {
    let damaged = "attachment-damaged";
    let picture = jpeg(1, 1);
    let empty = jpeg_segment(0xE1, b"").repeat(20_000);
    let segments = [&picture[..2], &empty, &picture[2..]].concat();
    assert_eq!(slug(check("a.jpg", "image/jpeg", &segments)), damaged);
    let mut chunks: Vec<(&[u8; 4], Vec<u8>)> = vec![(b"IHDR", png_header(1, 1))];
    chunks.resize(20_000, (b"IDAT", vec![]));
    chunks.push((b"IEND", vec![]));
    assert_eq!(slug(check("a.png", "image/png", &png_of(&chunks))), damaged);
    let boxes = [&mp4(b"isom")[..], &media_box(b"free", b"").repeat(20_000)].concat();
    assert_eq!(slug(check("a.mp4", "video/mp4", &boxes)), damaged);
    let list = [&b"many"[..], &b"JUNK\0\0\0\0".repeat(20_000)].concat();
    let lists = riff(b"WEBP", &[(b"LIST", list), (b"VP8L", vec![0x2F, 0, 0, 0, 0])]);
    assert_eq!(slug(check("a.webp", "image/webp", &lists)), damaged);
}
