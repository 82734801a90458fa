//! The pages of the issuer: one that asks, one that says what is wrong. Without scripts, and in no frame.

use super::{
    asked::{Asked, Wanted},
    at::At,
    client,
    exchange::{IssuerReply, Refused},
};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}\
label{display:block;margin:.3rem 0}input[type=text]{font:inherit;padding:.3rem;width:100%;box-sizing:border-box}\
button{font:inherit;padding:.4rem 1rem;margin:1rem .5rem 0 0}.wrong{color:#b00020}code{overflow-wrap:anywhere}";

/// Asks who the user is, and what the client may.
pub(super) fn question(
    at: &At<'_>,
    asked: &Asked<'_>,
    wanted: &Wanted<'_>,
    ticket: &str,
    wrong: Option<&str>,
) -> IssuerReply {
    let [name, host] = client::shown(&asked.client, asked.target());
    let scope = wanted.scopes.join(" ");
    let hidden = [
        ("response_type", Some("code")),
        ("client_id", Some(&*asked.client.id)),
        ("redirect_uri", asked.redirect_uri),
        ("state", asked.state),
        ("code_challenge", Some(wanted.challenge)),
        ("code_challenge_method", Some("S256")),
        ("resource", Some(wanted.resource)),
        ("scope", Some(&*scope).filter(|scope| !scope.is_empty())),
        ("ticket", Some(ticket)),
    ];
    let hidden: String = hidden
        .into_iter()
        .filter_map(|(name, value)| Some(format!(r#"<input type="hidden" name="{name}" value="{}">"#, escaped(value?))))
        .collect();
    let scopes: String = wanted
        .scopes
        .iter()
        .map(|scope| {
            let scope = escaped(scope);
            format!(
                r#"<label><input type="checkbox" name="granted" value="{scope}" checked> <code>{scope}</code></label>"#
            )
        })
        .collect();
    let wrong =
        wrong.map(|wrong| format!(r#"<p class="wrong" role="alert">{}</p>"#, escaped(wrong))).unwrap_or_default();
    let body = format!(
        r#"<h1>Sign in for development</h1>{wrong}<p><strong>{}</strong> wants to use <code>{}</code> in your name. The answer goes to <strong>{}</strong>.</p><form method="post" action="{}/authorize">{hidden}<label>Your name, whichever you like <input type="text" name="user" autocomplete="username" autofocus required maxlength="100" pattern="[A-Za-z0-9._@\-]+"></label><p>It may:</p>{scopes}<button name="answer" value="allow">Allow</button><button name="answer" value="deny" formnovalidate>Deny</button></form>"#,
        escaped(&name),
        escaped(wanted.resource),
        escaped(&host),
        escaped(at.url),
    );
    document(200, &body)
}

/// Says what is wrong to the user, when there is nobody else to say it to.
pub(super) fn refusal(refused: Refused) -> IssuerReply {
    let body =
        format!(r#"<h1>This cannot be done</h1><p class="wrong">{}: {}</p>"#, refused.code, escaped(refused.why));
    document(refused.status, &body)
}

fn document(status: u16, body: &str) -> IssuerReply {
    let body = format!(
        r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in for development</title><style>{STYLE}</style></head><body>{body}</body></html>"#
    );
    // No `form-action`: it would keep the browser from following the redirect to the client.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
    IssuerReply { status, headers: vec![("content-type", "text/html; charset=utf-8".to_owned())], body }
        .with("content-security-policy", policy)
        .with("x-frame-options", "DENY")
        .with("x-content-type-options", "nosniff")
        .with("referrer-policy", "no-referrer")
        .not_stored()
}

/// Text that is neither markup nor the end of an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
