//! Reading requests, whole and in part, and not answering them.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use flate2::read::GzDecoder;

use crate::answer::Answer;

/// Until the client has had enough.
pub(crate) fn stall(stream: &mut TcpStream, drip: Option<&Answer>) -> io::Result<bool> {
    for byte in drip.map_or(Vec::new(), |answer| answer.head(true)) {
        stream.write_all(&[byte])?;
        thread::sleep(Duration::from_millis(200));
    }
    while stream.read(&mut [0])? > 0 {}
    Ok(false)
}

/// The head and half the body, so that dropping the connection resets it.
pub(crate) fn read_half(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = head.lines().find_map(length_in);
    stream.read_exact(&mut vec![0; length.unwrap_or(0) / 2])
}

fn length_in(line: &str) -> Option<usize> {
    line.strip_prefix("content-length:")?.trim().parse().ok()
}

/// The body of a request, unpacked.
pub(crate) fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let (mut length, mut is_packed) = (None, false);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        length = length.or(length_in(&line));
        is_packed |= line == "content-encoding: gzip";
    }
    let mut body = vec![0; length.ok_or(ErrorKind::InvalidData)?];
    stream.read_exact(&mut body)?;
    if is_packed {
        let mut unpacked = Vec::new();
        GzDecoder::new(&body[..]).read_to_end(&mut unpacked)?;
        return Ok(unpacked);
    }
    Ok(body)
}
