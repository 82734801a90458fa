//! Bytes to lines: bounded, without a byte order mark and the carriage return of some clients. What is in them is not
//! looked at.

use std::io;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

pub(super) struct Lines<I> {
    input: BufReader<I>,
    /// The longest line, in bytes.
    limit: usize,
    /// What has come of the next one.
    line: Vec<u8>,
    /// The line is too long: the rest of it is skipped.
    skipping: bool,
}

impl<I: AsyncRead + Unpin> Lines<I> {
    pub(super) fn new(input: I, limit: usize) -> Self {
        Self { input: BufReader::new(input), limit, line: Vec::new(), skipping: false }
    }

    /// The next line that is not empty; `None` at the end. Nothing is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let read = self.input.fill_buf().await?;
            let end = read.iter().position(|&byte| byte == b'\n');
            let part = &read[..end.unwrap_or(read.len())];
            // A carriage return is not part of the message, and not known to be one before the line ends.
            if self.line.len() + part.len() > self.limit + 1 {
                self.skipping = true;
                self.line = Vec::new();
            }
            if !self.skipping {
                self.line.extend_from_slice(part);
            }
            let (used, is_last) = (part.len() + usize::from(end.is_some()), read.is_empty());
            self.input.consume(used);
            if (end.is_some() || is_last)
                && let Some(line) = self.take()
            {
                return Ok(Some(line));
            }
            if is_last {
                return Ok(None);
            }
        }
    }

    /// The line that has ended, unless there is nothing in it.
    fn take(&mut self) -> Option<Vec<u8>> {
        let mut line = std::mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }
        if std::mem::take(&mut self.skipping) || line.len() > self.limit {
            tracing::warn!(limit = self.limit, "a line was skipped: it is too long");
            return None;
        }
        (!line.trim_ascii().is_empty()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_bounded_and_bare() {
        for (sent, lines) in [
            ("", &[] as &[&str]),
            ("a\nbc\n", &["a", "bc"]),
            ("a\r\n\r\n \n\nb", &["a", "b"]),
            ("\u{feff}a\n\u{feff}\nb\n", &["a", "b"]),
            ("12345678\n12345678\r\n123456789\nx\n", &["12345678", "12345678", "x"]),
            ("1234567890123456789012345678901234567890\nx", &["x"]),
            ("1234567890", &[]),
        ] {
            // As it comes, and byte by byte.
            for size in [1024, 1] {
                let (mut to, from) = tokio::io::duplex(size);
                let send = async move {
                    use tokio::io::AsyncWriteExt as _;
                    to.write_all(sent.as_bytes()).await.expect("it is read");
                };
                let read = async {
                    let (mut read, mut got) = (Lines::new(from, 8), Vec::new());
                    while let Some(line) = read.next().await.expect("a pipe") {
                        got.push(String::from_utf8(line).expect("text"));
                    }
                    got
                };
                assert_eq!(tokio::join!(send, read).1, lines, "{sent:?}");
            }
        }
    }
}
