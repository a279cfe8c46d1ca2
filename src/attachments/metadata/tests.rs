use proptest::prelude::*;

use super::super::file_kind::{Claim, FileLimits};
use super::super::fixtures::*;
use super::*;

fn clean(kind: FileKind, file: &[u8]) -> ServedCopy {
    served_copy(kind, &Bytes::copy_from_slice(file)).unwrap()
}

fn keeps_none_of(copy: &[u8], parts: &[&[u8]]) {
    for part in parts {
        assert!(!contains(copy, part), "kept {}", String::from_utf8_lossy(part));
    }
}

#[test]
fn a_jpeg_loses_place_comments_and_thumbnails_but_not_its_colours() {
    let original = jpeg(4, 3);
    assert!(contains(&original, SECRET_PLACE));
    let copy = clean(FileKind::Jpeg, &original);
    keeps_none_of(
        &copy.bytes,
        &[
            SECRET_PLACE,
            b"Exif",
            b"xmpmeta",
            b"8BIM",
            b"script",
            b"MPF",
            b"THU",
            b"between",
        ],
    );
    for part in [
        &b"JFIF"[..],
        b"ICC_PROFILE\0\x01\x01colours",
        b"scan\xFF\0one\xFF\xD0more",
        b"scan two",
    ] {
        assert!(contains(&copy.bytes, part));
    }
    assert_eq!(copy.orientation, Some(6));
    assert_eq!(dimensions(FileKind::Jpeg, &copy.bytes), Ok((4, 3)));
    assert_eq!(clean(FileKind::Jpeg, &copy.bytes).bytes, copy.bytes);
}

#[test]
fn a_png_loses_text_exif_time_and_animation() {
    let copy = clean(FileKind::Png, &png(4, 3));
    keeps_none_of(
        &copy.bytes,
        &[SECRET_PLACE, b"tEXt", b"iTXt", b"eXIf", b"tIME", b"fdAT"],
    );
    assert!(contains(&copy.bytes, b"gAMA") && contains(&copy.bytes, b"not really deflated"));
    assert_eq!(copy.orientation, Some(6));
    assert_eq!(dimensions(FileKind::Png, &copy.bytes), Ok((4, 3)));
}

#[test]
fn a_webp_loses_exif_xmp_and_unknown_chunks_and_says_so_in_its_flags() {
    let copy = clean(FileKind::Webp, &webp(16, 16));
    keeps_none_of(&copy.bytes, &[SECRET_PLACE, b"EXIF", b"XMP ", b"xmpmeta", b"note"]);
    assert!(contains(&copy.bytes, b"ICCP") && contains(&copy.bytes, b"VP8 "));
    assert_eq!(copy.bytes[20], 0b0010_0000);
    assert_eq!(copy.orientation, Some(6));
    assert_eq!(dimensions(FileKind::Webp, &copy.bytes), Ok((16, 16)));
}

#[test]
fn animated_webp_is_refused() {
    let animated = riff(b"WEBP", &[(b"VP8X", vec![0; 10]), (b"ANIM", vec![0; 6])]);
    assert!(served_copy(FileKind::Webp, &animated).is_err());
}

#[test]
fn a_film_loses_its_place_and_keeps_its_length() {
    let original = mp4(b"isom");
    let copy = clean(FileKind::Mp4, &original);
    keeps_none_of(&copy.bytes, &[b"+51.5074", b"udta", b"taken at home", b"meta"]);
    assert_eq!(copy.bytes.len(), original.len());
    for part in [&b"mvhd"[..], b"tkhd", b"mdatfilm"] {
        assert!(contains(&copy.bytes, part));
    }
}

#[test]
fn what_follows_a_picture_is_cut_off() {
    let payload = b"GIF89a=1;<script>alert(1)</script>";
    for (kind, file) in [
        (FileKind::Jpeg, jpeg(1, 1)),
        (FileKind::Png, png(1, 1)),
        (FileKind::Webp, webp(16, 16)),
    ] {
        let copy = clean(kind, &[&file[..], payload, b"\xFF\xD9"].concat());
        assert_eq!(copy.bytes, clean(kind, &file).bytes);
    }
}

#[test]
fn a_jpeg_without_an_end_is_refused() {
    let file = jpeg(1, 1);
    let cut = file.slice(..file.len() - 2);
    assert!(matches!(
        served_copy(FileKind::Jpeg, &cut),
        Err(FileRefused::Malformed(_))
    ));
}

#[test]
fn orientation_is_read_in_both_byte_orders() {
    assert_eq!(orientation(&exif()), Some(6));
    let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x08\0\0\0\0\0\0\0";
    assert_eq!(orientation(little), Some(8));
    assert_eq!(orientation(b"II*\0\xFF\xFF\xFF\xFF"), None);
    assert_eq!(
        orientation(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x63\0\0"),
        None
    );
}

fn fixture() -> impl Strategy<Value = (FileKind, &'static str, &'static str, Bytes)> {
    prop_oneof![
        Just((FileKind::Jpeg, "a.jpg", "image/jpeg", jpeg(4, 3))),
        Just((FileKind::Png, "a.png", "image/png", png(4, 3))),
        Just((FileKind::Webp, "a.webp", "image/webp", webp(16, 16))),
        Just((FileKind::Mp4, "a.mp4", "video/mp4", mp4(b"isom"))),
        Just((FileKind::Mp4, "a.mp4", "video/mp4", mp4_in_fragments())),
    ]
}

fn edit() -> impl Strategy<Value = (prop::sample::Index, u8, u8)> {
    (any::<prop::sample::Index>(), any::<u8>(), 0..4_u8)
}

fn mutate(file: &[u8], edits: &[(prop::sample::Index, u8, u8)]) -> Bytes {
    let mut file = file.to_vec();
    for (index, byte, how) in edits {
        let at = index.index(file.len());
        match how {
            0 => file[at] = *byte,
            1 => file.insert(at, *byte),
            2 if file.len() > 1 => drop(file.remove(at)),
            _ => file[at] = if byte % 2 == 0 { 0xFF } else { 0 },
        }
    }
    file.into()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn broken_files_never_panic_and_clean_copies_stay_clean(
        (kind, name, declared, file) in fixture(),
        edits in prop::collection::vec(edit(), 0..6),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let mut file = mutate(&file, &edits);
        if !whole {
            file.truncate(cut.index(file.len()));
        }
        let claim = Claim::new(name, declared).unwrap();
        let _ = claim.check(&file, &FileLimits::default());
        if let Ok(copy) = served_copy(kind, &file) {
            let again = served_copy(kind, &copy.bytes).map(|again| again.bytes);
            prop_assert_eq!(again, Ok(copy.bytes));
        }
    }

    #[test]
    fn broken_png_chunks_with_right_checksums_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<Vec<u8>>()), 1..4),
    ) {
        let mut chunks: Vec<(&[u8; 4], Vec<u8>)> = vec![
            (b"IHDR", png_header(1, 1)), (b"eXIf", exif()), (b"IDAT", vec![1]), (b"IEND", vec![]),
        ];
        for (index, contents) in edits {
            let at = index.index(chunks.len());
            chunks[at].1 = contents;
        }
        let file = png_of(&chunks);
        let _ = dimensions(FileKind::Png, &file);
        let _ = served_copy(FileKind::Png, &file);
    }

    #[test]
    fn any_bytes_never_panic(bytes in any::<Vec<u8>>()) {
        let file = Bytes::from(bytes);
        let _ = orientation(&file);
        for kind in FileKind::ALL {
            let _ = dimensions(kind, &file);
            let _ = served_copy(kind, &file);
        }
    }
}
