//! The Huffman code of header fields (RFC 7541, appendix B). It is canonical: the lengths of its codes say all.

use super::hpack::Lost;

/// How many bits each octet has.
#[rustfmt::skip]
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

/// The longest code, in bits.
const LONGEST: usize = 30;

/// The codes by their length: the first of each length, how many octets have one, and those octets in the order of their codes.
struct Code {
    first: [u32; LONGEST + 1],
    count: [u32; LONGEST + 1],
    octets: [u8; 256],
}

static CODE: Code = code();

const fn code() -> Code {
    let mut code = Code {
        first: [0; LONGEST + 1],
        count: [0; LONGEST + 1],
        octets: [0; 256],
    };
    let (mut length, mut next, mut sorted) = (1, 0, 0);
    while length <= LONGEST {
        next *= 2;
        code.first[length] = next;
        let mut octet = 0;
        while octet < 256 {
            if LENGTHS[octet] as usize == length {
                code.octets[sorted] = octet as u8;
                code.count[length] += 1;
                sorted += 1;
                next += 1;
            }
            octet += 1;
        }
        length += 1;
    }
    code
}

/// The text that was encoded.
///
/// # Errors
/// There is no such code.
pub(super) fn decode(encoded: &[u8]) -> Result<Vec<u8>, Lost> {
    let mut text = Vec::with_capacity(encoded.len() * 8 / 5);
    let (mut code, mut length, mut before) = (0_u32, 0, 0_usize);
    for octet in encoded {
        for bit in (0..8).rev() {
            code = code * 2 + u32::from(octet >> bit & 1);
            length += 1;
            if length > LONGEST {
                return Err(Lost);
            }
            let place = code.wrapping_sub(CODE.first[length]);
            if code >= CODE.first[length] && place < CODE.count[length] {
                text.push(CODE.octets[before + place as usize]);
                (code, length, before) = (0, 0, 0);
            } else {
                before += CODE.count[length] as usize;
            }
        }
    }
    // What is left is the padding: h2 looks at it.
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // RFC 7541, appendices C.4 and C.6.
        for (encoded, text) in [
            ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
            ("a8eb10649cbf", "no-cache"),
            ("25a849e95ba97d7f", "custom-key"),
            ("25a849e95bb8e8b4bf", "custom-value"),
            (
                "d07abe941054d444a8200595040b8166e082a62d1bff",
                "Mon, 21 Oct 2013 20:13:21 GMT",
            ),
            (
                "9d29ad171863c78f0b97c8e9ae82ae43d3",
                "https://www.example.com",
            ),
        ] {
            let octets: Vec<u8> = (0..encoded.len() / 2)
                .map(|at| u8::from_str_radix(&encoded[at * 2..at * 2 + 2], 16).unwrap())
                .collect();
            assert_eq!(decode(&octets).unwrap(), text.as_bytes(), "{text}");
        }
    }

    #[test]
    fn the_codes_are_those_of_the_standard_at_its_corners() {
        // The last code of all but the end's own, and `#`.
        assert_eq!(
            decode(&[0xff, 0xff, 0xff, 0xfb]).unwrap(),
            [22],
            "30 bits, 0x3ffffffe"
        );
        assert_eq!(decode(&[0xff, 0xaf]).unwrap(), b"#", "12 bits, 0xffa");
        assert_eq!(decode(&[0xff; 4]), Err(Lost), "the end's own is no octet");
    }
}
