//! Several messages at once, which only 2025-03-26 has (basic, Batching).

use crate::era::Revision;
use crate::refuse::Refusal;
use crate::reply::Reply;
use crate::rpc::{Id, Message, Request};
use futures_util::{StreamExt as _, stream};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many requests of a batch run at a time.
const SIDE_BY_SIDE: usize = 8;

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

/// The answers of some requests of one message, in their order, in one reply; none when nothing is answered. A few run side by side.
/// Once the answers are longer than the longest that one may be, the requests that have not begun are not run.
pub(crate) async fn answered<'r, A>(parts: Vec<(Id<'r>, A)>, most: usize) -> Option<Reply>
where
    A: Future<Output = Option<Reply>>,
{
    let spent = AtomicUsize::new(0);
    let spent = &spent;
    let running: Vec<_> = parts
        .into_iter()
        .map(|(id, answer)| async move {
            if spent.load(Ordering::Relaxed) > most {
                return Some(too_long(most).reply(Some(id)));
            }
            let answer = answer.await?;
            spent.fetch_add(answer.body.len(), Ordering::Relaxed);
            Some(answer)
        })
        .collect();
    let mut answers = pin!(stream::iter(running).buffered(SIDE_BY_SIDE));
    let mut out = Vec::new();
    while let Some(answer) = answers.next().await {
        let Some(Reply { body, .. }) = answer else { continue };
        out.push(if out.is_empty() { b'[' } else { b',' });
        out.extend_from_slice(&body);
    }
    if out.is_empty() {
        return None;
    }
    out.push(b']');
    Some(Reply::json(200, out))
}

/// Said of a request that was not run.
fn too_long(most: usize) -> Refusal {
    Refusal::request(format!(
        "this was not run: the answers of the batch before it are longer than {most} bytes; send fewer messages in one"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::MAX_BATCH;
    use serde_json::{Value, value::RawValue};
    use std::future::ready;

    #[tokio::test]
    async fn answers_are_bounded_together_and_in_order() {
        let ids: Vec<_> = (0..MAX_BATCH).map(|id| RawValue::from_string(id.to_string()).unwrap()).collect();
        let ran = &AtomicUsize::new(0);
        let answer = |body: &'static str| async move {
            ran.fetch_add(1, Ordering::Relaxed);
            // The first is the last to be done.
            tokio::task::yield_now().await;
            Some(Reply::json(200, body.into()))
        };
        let parts = || ids.iter().map(|id| (Id::of(id).unwrap(), answer("\"123456\"")));
        let read = async |most| -> Vec<Value> {
            let reply = answered(parts().collect(), most).await.unwrap();
            serde_json::from_slice(&reply.body).unwrap()
        };
        let all = read(usize::MAX).await;
        assert_eq!((all.len(), ran.swap(0, Ordering::Relaxed)), (MAX_BATCH, MAX_BATCH));
        let some = read(80).await;
        let ran = ran.load(Ordering::Relaxed);
        assert!((11..=10 + SIDE_BY_SIDE).contains(&ran), "{ran}");
        assert_eq!(some.len(), MAX_BATCH);
        assert!(some[..ran].iter().all(|answer| answer == "123456"));
        for (at, refused) in some.iter().enumerate().skip(ran) {
            assert_eq!((&refused["id"], &refused["error"]["code"]), (&at.into(), &(-32600).into()));
        }
        let withdrawn = vec![(Id::of(&ids[0]).unwrap(), ready(None))];
        assert_eq!(answered(withdrawn, 0).await, None);
    }
}
