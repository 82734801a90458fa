//! Several messages at once, which only 2025-03-26 has (basic, Batching).

use crate::era::Revision;
use crate::refuse::Refusal;
use crate::reply::Reply;
use crate::rpc::{Message, Request};

/// Whether these messages may come together in this revision.
pub(crate) fn batchable(revision: &Revision, messages: &[Message<'_>]) -> Result<(), Refusal> {
    if !revision.batches {
        let name = revision.name;
        return Err(Refusal::request(format!("{name} has no batches; send one message per request")));
    }
    if requests(messages).any(|request| request.method == "initialize") {
        return Err(Refusal::request("`initialize` cannot be part of a batch"));
    }
    Ok(())
}

/// The requests among the messages.
pub(crate) fn requests<'m, 'a>(messages: &'m [Message<'a>]) -> impl Iterator<Item = &'m Request<'a>> {
    messages.iter().filter_map(|message| match message {
        Message::Request(request) => Some(request),
        Message::Notification(_) | Message::Response(_) => None,
    })
}

/// The answers to a batch in one reply; none when nothing is answered.
pub(crate) fn together(answers: &[Reply]) -> Option<Reply> {
    if answers.is_empty() {
        return None;
    }
    let mut out = vec![b'['];
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&answer.body);
    }
    out.push(b']');
    Some(Reply::json(200, out))
}
