//! Small files built by hand for the tests of this folder.

use img_parts::Bytes;
use img_parts::png::PngChunk;

/// The latitude that must never be handed out, as EXIF writes a rational.
pub const SECRET_PLACE: &[u8] = b"\0\0\0\x33\0\0\0\x01";

/// EXIF in big-endian TIFF: orientation 6 and a GPS directory with a latitude.
pub fn exif() -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    tiff.extend_from_slice(b"\0\x02");
    tiff.extend_from_slice(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0");
    tiff.extend_from_slice(b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x26");
    tiff.extend_from_slice(b"\0\0\0\0");
    // The GPS directory at 38: latitude, three rationals at 56.
    tiff.extend_from_slice(b"\0\x01\0\x02\0\x05\0\0\0\x03\0\0\0\x38\0\0\0\0");
    for _ in 0..3 {
        tiff.extend_from_slice(SECRET_PLACE);
    }
    tiff
}

pub fn jpeg_segment(marker: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], &length[..], contents].concat()
}

pub fn jpeg_frame(width: u16, height: u16) -> Vec<u8> {
    let [h, w] = [height.to_be_bytes(), width.to_be_bytes()];
    jpeg_segment(0xC0, &[8, h[0], h[1], w[0], w[1], 1, 1, 0x11, 0])
}

/// A progressive-looking JPEG with everything a phone and an editor put in,
/// a comment between its scans included.
pub fn jpeg(width: u16, height: u16) -> Bytes {
    let exif = [b"Exif\0\0", &exif()[..]].concat();
    let parts = [
        b"\xFF\xD8".to_vec(),
        jpeg_segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01THU"),
        jpeg_segment(0xE1, &exif),
        jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"),
        jpeg_segment(0xE2, b"ICC_PROFILE\0\x01\x01colours"),
        jpeg_segment(0xE2, b"MPF\0II*\0"),
        jpeg_segment(0xED, b"Photoshop 3.0\08BIM\x04\x04caption"),
        jpeg_segment(0xFE, b"<script>alert(1)</script>"),
        jpeg_segment(0xDB, &[0; 65]),
        jpeg_frame(width, height),
        jpeg_segment(0xC4, &[0; 18]),
        jpeg_segment(0xDA, b"\x01\x01\0\0\x3F\0"),
        b"scan\xFF\0one\xFF\xD0more".to_vec(),
        jpeg_segment(0xFE, b"between the scans"),
        jpeg_segment(0xC4, &[0; 18]),
        jpeg_segment(0xDA, b"\x01\x01\0\0\x3F\0"),
        b"scan two\xFF\xD9".to_vec(),
    ];
    parts.concat().into()
}

pub fn png_of(chunks: &[(&[u8; 4], Vec<u8>)]) -> Bytes {
    let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
    for (kind, contents) in chunks {
        let chunk = PngChunk::new(**kind, contents.clone().into());
        file.extend_from_slice(&chunk.encoder().bytes());
    }
    file.into()
}

pub fn png_header(width: u32, height: u32) -> Vec<u8> {
    [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat()
}

/// A PNG with text, EXIF, time and an animation frame.
pub fn png(width: u32, height: u32) -> Bytes {
    png_of(&[
        (b"IHDR", png_header(width, height)),
        (b"gAMA", vec![0, 0, 0xB1, 0x8F]),
        (b"tEXt", b"Comment\0taken at home".to_vec()),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>".to_vec()),
        (b"eXIf", exif()),
        (b"tIME", vec![7, 0xE9, 1, 1, 0, 0, 0]),
        (b"IDAT", b"not really deflated".to_vec()),
        (b"fdAT", b"\0\0\0\x01frame".to_vec()),
        (b"IEND", vec![]),
    ])
}

pub fn riff(kind: &[u8; 4], chunks: &[(&[u8; 4], Vec<u8>)]) -> Bytes {
    let mut body = kind.to_vec();
    for (id, contents) in chunks {
        body.extend_from_slice(*id);
        body.extend_from_slice(&u32::try_from(contents.len()).unwrap().to_le_bytes());
        body.extend_from_slice(contents);
        body.resize(body.len() + contents.len() % 2, 0);
    }
    [b"RIFF", &u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body]
        .concat()
        .into()
}

/// A WebP canvas of 16 by 16 with a lossy picture of the given size, and
/// EXIF, XMP and a chunk nobody knows.
pub fn webp(width: u16, height: u16) -> Bytes {
    let [w, h] = [width.to_le_bytes(), height.to_le_bytes()];
    let picture = [0x10, 0, 0, 0x9D, 0x01, 0x2A, w[0], w[1], h[0], h[1], 7];
    riff(
        b"WEBP",
        &[
            (b"VP8X", vec![0b0010_1100, 0, 0, 0, 15, 0, 0, 15, 0, 0]),
            (b"ICCP", b"colours".to_vec()),
            (b"VP8 ", picture.to_vec()),
            (b"EXIF", exif()),
            (b"XMP ", b"<x:xmpmeta/>".to_vec()),
            (b"note", b"taken at home".to_vec()),
        ],
    )
}

pub fn media_box(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
    [&size[..], name, content].concat()
}

/// 2 March 2026, 08:40, as recordings count time: in seconds from 1904 on.
pub const MADE: u32 = 0xE5CA_FD60;

/// How the maker of a camera calls itself.
pub const MAKER: &[u8] = b"Cam Maker";

/// Where a film was taken, second by second: two samples of a track beside the picture.
pub const JOURNEY: &[u8] = b"51.5074N0.1278W ";

/// A box of numbers, of which the first is version and flags.
pub fn table(name: &[u8; 4], numbers: &[u32]) -> Vec<u8> {
    let content: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
    media_box(name, &content)
}

fn place() -> Vec<u8> {
    media_box(b"udta", &media_box(b"\xA9xyz", b"\0\x12\x15\xC7+51.5074-000.1278/"))
}

/// A track with its sample table, into which a camera wrote times, a place and its maker.
pub fn track(id: u32, kind: &[u8; 4], stbl: &[u8]) -> Vec<u8> {
    let handler = [&[0; 8][..], kind, &[0; 12], MAKER].concat();
    let media = [
        table(b"mdhd", &[0, MADE, MADE, 1000, 0, 0]),
        media_box(b"hdlr", &handler),
        place(),
        media_box(b"minf", &media_box(b"stbl", stbl)),
    ];
    let parts = [
        table(b"tkhd", &[0, MADE, MADE, id, 0, 0]),
        place(),
        media_box(b"mdia", &media.concat()),
    ];
    media_box(b"trak", &parts.concat())
}

/// How pictures are coded, and by whose encoder.
pub fn described() -> Vec<u8> {
    let mut picture = vec![0; 78];
    picture[42..42 + MAKER.len()].copy_from_slice(MAKER);
    let entry = media_box(b"avc1", &picture);
    media_box(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &entry].concat())
}

/// The tables of chunks: where each begins, and the sizes of the samples in it.
pub fn tables(chunks: &[(u32, &[u32])]) -> Vec<u8> {
    let count = |many: usize| u32::try_from(many).unwrap();
    let sizes: Vec<u32> = chunks.iter().flat_map(|(_, sizes)| sizes.to_vec()).collect();
    let (mut stsz, mut stsc) = (vec![0, 0, count(sizes.len())], vec![0, count(chunks.len())]);
    let mut stco = stsc.clone();
    stsz.extend(sizes);
    for (number, (start, sizes)) in (1..).zip(chunks) {
        stsc.extend([number, count(sizes.len()), 1]);
        stco.push(*start);
    }
    [table(b"stsz", &stsz), table(b"stsc", &stsc), table(b"stco", &stco)].concat()
}

fn kind_of_film(brand: &[u8; 4]) -> Vec<u8> {
    media_box(b"ftyp", &[&brand[..], b"\0\0\0\0", brand].concat())
}

/// Where the media of [`film`] begin.
pub const MEDIA: u32 = 28;

/// A film of two pictures with a journey between them, told by a track of these tables.
pub fn film(brand: &[u8; 4], journey: &[u8]) -> Bytes {
    let picture = tables(&[(MEDIA, &[4]), (MEDIA + 20, &[4])]);
    let movie = [
        table(b"mvhd", &[0, MADE, MADE, 1000, 0]),
        track(1, b"vide", &[described(), picture].concat()),
        track(2, b"meta", journey),
        media_box(b"meta", b"taken at home"),
        place(),
    ];
    [
        kind_of_film(brand),
        media_box(b"mdat", &[&b"film"[..], JOURNEY, b"more"].concat()),
        media_box(b"moov", &movie.concat()),
        media_box(b"free", b"freeGPS 51.5074"),
    ]
    .concat()
    .into()
}

/// A film with all that cameras write into one.
pub fn mp4(brand: &[u8; 4]) -> Bytes {
    film(brand, &tables(&[(MEDIA + 4, &[8, 8])]))
}

/// The same in a fragment, as cameras write that may be switched off any moment.
pub fn mp4_in_fragments() -> Bytes {
    let movie = [
        table(b"mvhd", &[0, MADE, MADE, 1000, 0]),
        track(1, b"vide", &[described(), tables(&[])].concat()),
        track(2, b"meta", &tables(&[])),
        media_box(b"mvex", &table(b"trex", &[0, 2, 1, 1000, 8, 0])),
    ];
    let pictures_at = |offset: u32| {
        let picture = [
            table(b"tfhd", &[0x2_0000, 1]),
            table(b"trun", &[0x301, 1, offset, 1000, 4]),
        ];
        let journey = [table(b"tfhd", &[0, 2]), table(b"trun", &[0, 2])];
        let parts = [
            table(b"mfhd", &[0, 1]),
            media_box(b"traf", &picture.concat()),
            media_box(b"traf", &journey.concat()),
        ];
        media_box(b"moof", &parts.concat())
    };
    let behind_fragment = u32::try_from(pictures_at(0).len() + 8).unwrap();
    [
        kind_of_film(b"isom"),
        media_box(b"moov", &movie.concat()),
        pictures_at(behind_fragment),
        media_box(b"mdat", &[&b"film"[..], JOURNEY, b"more"].concat()),
    ]
    .concat()
    .into()
}

pub const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\r\n";

/// An empty archive, which is only its end-of-central-directory record.
pub const ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

pub fn contains(file: &[u8], part: &[u8]) -> bool {
    file.windows(part.len()).any(|window| window == part)
}

/// The EICAR test file, put together here so that scanners leave this one alone.
pub fn eicar() -> Vec<u8> {
    let halves = [
        r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD",
        "-ANTIVIRUS-TEST-FILE!$H+H*",
    ];
    halves.concat().into_bytes()
}
