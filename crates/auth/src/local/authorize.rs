//! The authorization endpoint (OAuth 2.1, section 4.1): a page where a user types a name, or none when the user is known already.

use super::{
    access::is_user,
    asked::{self, Asked, Wanted},
    at::At,
    exchange::{IssuerReply, IssuerRequest, Parameters, Refused},
    grants::{Code, Grant},
    key, page,
};
use url::Url;

/// How long the page may stay open, in seconds.
const PAGE_LIFETIME: u64 = 10 * 60;

/// `GET` and `POST /issuer/authorize`.
pub(super) fn reply(at: &At<'_>, request: &IssuerRequest<'_>) -> IssuerReply {
    let parameters = match request.method {
        "POST" => Parameters::form(request),
        _ => Ok(Parameters::read(request.query.as_bytes())),
    };
    // An answer goes to a client that is known, where it asked to have it; a mistake in these is shown to the user (section 4.1.2.1).
    let parameters = match parameters {
        Ok(parameters) => parameters,
        Err(refused) => return page::refusal(refused),
    };
    match asked::asked(at, &parameters) {
        Ok(asked) => {
            let answered = answer(at, request, &parameters, &asked);
            answered.unwrap_or_else(|refused| {
                sent(at, request, &asked, &[("error", refused.code), ("error_description", refused.why)])
            })
        }
        Err(refused) => page::refusal(refused),
    }
}

fn answer(
    at: &At<'_>,
    request: &IssuerRequest<'_>,
    parameters: &Parameters<'_>,
    asked: &Asked<'_>,
) -> Result<IssuerReply, Refused> {
    let wanted = asked::wanted(at, parameters)?;
    if let Some(user) = at.approved {
        return granted(at, request, asked, &wanted, user, wanted.scopes.clone());
    }
    let page = |wrong| Ok(page::question(at, asked, &wanted, &ticket(at, asked, &wanted), wrong));
    if request.method != "POST" {
        return match parameters.one("prompt")? {
            Some("none") => Err(Refused::new("login_required", "the user has to be asked")),
            _ => page(None),
        };
    }
    // Only the page, which no other page can read, has a ticket for this request.
    if !is_ticket(at, parameters.needed("ticket")?, asked, &wanted) {
        return page(Some("The page was open for too long."));
    }
    if parameters.one("answer")? != Some("allow") {
        return Err(Refused::new("access_denied", "the user does not allow it"));
    }
    let user = parameters.one("user")?.unwrap_or_default().trim();
    if !is_user(user) {
        return page(Some("A name is 1 to 100 letters, digits, and the characters - . _ @"));
    }
    let chosen: Vec<_> = parameters.all("granted").collect();
    let scopes = wanted.scopes.iter().filter(|scope| chosen.contains(&&***scope)).cloned().collect();
    granted(at, request, asked, &wanted, user, scopes)
}

/// Sends the client a code.
fn granted(
    at: &At<'_>,
    request: &IssuerRequest<'_>,
    asked: &Asked<'_>,
    wanted: &Wanted<'_>,
    user: &str,
    scopes: Vec<String>,
) -> Result<IssuerReply, Refused> {
    let name = key::random().map_err(|why| Refused::new("server_error", why))?;
    let grant =
        Grant { client: asked.client.id.clone(), user: user.to_owned(), scopes, resource: wanted.resource.to_owned() };
    let redirect_uri = asked.redirect_uri.map(str::to_owned);
    at.grants().keep_code(name.clone(), Code { grant, redirect_uri, challenge: wanted.challenge.to_owned() }, at.now);
    Ok(sent(at, request, asked, &[("code", &name)]))
}

/// Back to the client, with its state and who says this (RFC 9207, also with errors).
fn sent(at: &At<'_>, request: &IssuerRequest<'_>, asked: &Asked<'_>, said: &[(&str, &str)]) -> IssuerReply {
    let Ok(mut url) = Url::parse(asked.target()) else {
        return page::refusal(Refused::new("invalid_request", "the redirect URI is not a URL"));
    };
    url.query_pairs_mut()
        .extend_pairs(said)
        .extend_pairs(asked.state.map(|state| ("state", state)))
        .append_pair("iss", at.url);
    // After a form the browser goes on with GET in any case (RFC 9700, section 4.12).
    IssuerReply::redirect(if request.method == "POST" { 303 } else { 302 }, url.into())
}

/// What shows that a form came from the page of this very request, and not long after it.
fn ticket(at: &At<'_>, asked: &Asked<'_>, wanted: &Wanted<'_>) -> String {
    let end = at.seconds() + PAGE_LIFETIME;
    format!("{end}.{}", at.key.tag("page", &request_of(end, asked, wanted)))
}

fn is_ticket(at: &At<'_>, ticket: &str, asked: &Asked<'_>, wanted: &Wanted<'_>) -> bool {
    let Some((end, tag)) = ticket.split_once('.') else { return false };
    let Ok(end) = end.parse() else { return false };
    end > at.seconds() && at.key.is_tag(tag, "page", &request_of(end, asked, wanted))
}

fn request_of(end: u64, asked: &Asked<'_>, wanted: &Wanted<'_>) -> String {
    let state = asked.state.unwrap_or_default();
    let Wanted { challenge, resource, scopes } = wanted;
    [&end.to_string(), &asked.client.id, asked.target(), state, challenge, resource, &scopes.join(" ")].join("\0")
}
