use super::super::fixtures::*;
use super::*;

fn position(file: &[u8], part: &[u8]) -> Option<usize> {
    file.windows(part.len()).position(|window| window == part)
}

#[test]
fn place_times_and_makers_go_and_picture_and_sound_stay_where_they_are() {
    let made = MADE.to_be_bytes();
    let told: [&[u8]; 6] = [JOURNEY, MAKER, &made, b"+51.5074", b"freeGPS", b"taken at home"];
    assert!(told.iter().all(|part| contains(&mp4(b"isom"), part)));

    for film in [mp4(b"isom"), mp4_in_fragments()] {
        let copy = clean(&film).unwrap();

        assert_eq!(copy.len(), film.len());
        for part in told {
            assert!(!contains(&copy, part), "{}", String::from_utf8_lossy(part));
        }
        for part in [&b"film"[..], b"more", b"vide", b"avc1", b"mdhd"] {
            let before = position(&film, part);
            assert!(before.is_some() && position(&copy, part) == before, "{part:?}");
        }
    }
}

#[test]
fn sound_is_played() {
    let film = film(b"isom", &tables(&[(MEDIA + 4, &[8, 8])]));
    let at = position(&film, b"meta").unwrap();
    let mut sound = film.to_vec();
    sound[at..at + 4].copy_from_slice(b"soun");

    let copy = clean(&sound.into()).unwrap();

    assert!(contains(&copy, JOURNEY) && contains(&copy, b"soun"));
}

#[test]
fn samples_are_found_however_their_tables_are_written() {
    let alike = table(b"stsz", &[0, 8, 2]);
    let together = [table(b"stsc", &[0, 1, 1, 2, 1]), table(b"stco", &[0, 1, MEDIA + 4])].concat();
    let apart = [
        table(b"stsc", &[0, 1, 1, 1, 1]),
        table(b"co64", &[0, 2, 0, MEDIA + 4, 0, MEDIA + 12]),
    ]
    .concat();
    let compact = |bits: u8, sizes: &[u8]| {
        let head = [0, 0, 0, 0, 0, 0, 0, bits, 0, 0, 0, 2];
        media_box(b"stz2", &[&head[..], sizes].concat())
    };

    for (form, journey) in [
        ("of one size", [&alike[..], &together].concat()),
        ("in two chunks", [&alike[..], &apart].concat()),
        (
            "in two chunks of their own",
            tables(&[(MEDIA + 12, &[8]), (MEDIA + 4, &[8])]),
        ),
        ("of 4 bits", [&compact(4, &[0x88])[..], &together].concat()),
        ("of 8 bits", [&compact(8, &[8, 8])[..], &together].concat()),
        ("of 16 bits", [&compact(16, &[0, 8, 0, 8])[..], &apart].concat()),
    ] {
        let copy = clean(&film(b"isom", &journey)).unwrap();

        assert!(!contains(&copy, b"51.5074N") && !contains(&copy, b"W0.1278"), "{form}");
        assert!(contains(&copy, b"film") && contains(&copy, b"more"), "{form}");
    }
}

#[test]
fn samples_that_are_not_to_be_found_are_refused() {
    let (alike, place) = (table(b"stsz", &[0, 8, 2]), table(b"stco", &[0, 1, MEDIA + 4]));
    let endless = [
        table(b"stsz", &[0, 1, u32::MAX]),
        table(b"stsc", &[0, 1, 1, u32::MAX, 1]),
        table(b"stco", &[0, 3, MEDIA, MEDIA, MEDIA]),
    ];
    let compact = media_box(b"stz2", &[0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0x88]);

    for (what, journey) in [
        ("no tables", Vec::new()),
        ("before the media", tables(&[(MEDIA - 8, &[8, 8])])),
        ("beyond the media", tables(&[(MEDIA + 16, &[8, 8])])),
        ("larger than the file", tables(&[(MEDIA + 4, &[u32::MAX])])),
        ("more than the file has", endless.concat()),
        (
            "of 3 bits",
            [&compact[..], &table(b"stsc", &[0, 1, 1, 2, 1]), &place].concat(),
        ),
        (
            "no first run",
            [&alike[..], &table(b"stsc", &[0, 1, 2, 2, 1]), &place].concat(),
        ),
        (
            "runs out of order",
            [&alike[..], &table(b"stsc", &[0, 2, 1, 1, 1, 1, 1, 1]), &place].concat(),
        ),
        (
            "a table cut off",
            [&alike[..], &table(b"stsc", &[0, 2, 1, 2, 1]), &place].concat(),
        ),
    ] {
        assert_eq!(clean(&film(b"isom", &journey)), Err(BROKEN), "{what}");
    }
}

#[test]
fn what_does_not_say_when_it_was_made_or_what_it_is_is_refused() {
    let (film, live) = (mp4(b"isom"), mp4_in_fragments());
    let broken: [(&Bytes, &[u8], &[u8]); 8] = [
        (&film, b"mvhd\0", b"mvhd\x02"),
        (&film, b"tkhd\0", b"tkhd\x02"),
        (&film, b"tkhd", b"free"),
        (&film, b"mdia", b"free"),
        (&film, b"hdlr", b"free"),
        (&film, b"stbl", b"free"),
        (&live, b"tfhd", b"free"),
        // How large the samples of the journey are.
        (&live, b"trex", b"free"),
    ];
    for (whole, part, instead) in broken {
        let at = position(whole, part).unwrap();
        let mut film = whole.to_vec();
        film[at..at + part.len()].copy_from_slice(instead);

        assert_eq!(clean(&film.into()), Err(BROKEN), "{}", String::from_utf8_lossy(instead));
    }
}
