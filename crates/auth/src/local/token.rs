//! The token endpoint (OAuth 2.1, section 3.2): a token for a code, for a refresh token, or for a client itself.

use super::{
    access, asked,
    at::At,
    client::{Client, Method},
    exchange::{IssuerReply, IssuerRequest, Parameters, Refused},
    grants::Grant,
    key,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde_json::json;

/// `POST /issuer/token`.
pub(super) fn reply(at: &At<'_>, request: &IssuerRequest<'_>) -> IssuerReply {
    answer(at, request).unwrap_or_else(|refused| {
        let challenged = refused.status == 401 && request.authorization.is_some();
        let reply = refused.reply();
        // Section 3.2.4: in the scheme that the client used.
        if challenged { reply.with("www-authenticate", "Basic realm=\"local issuer\"") } else { reply }
    })
}

fn answer(at: &At<'_>, request: &IssuerRequest<'_>) -> Result<IssuerReply, Refused> {
    let parameters = Parameters::form(request)?;
    let client = client(at, request, &parameters)?;
    match parameters.needed("grant_type")? {
        "authorization_code" => by_code(at, &client, &parameters),
        "refresh_token" => by_refresh(at, &client, &parameters),
        "client_credentials" => by_itself(at, &client, &parameters),
        _ => Err(Refused::new("unsupported_grant_type", "the grant types are those of the issuer's metadata")),
    }
}

/// Which client asks; one with a secret has to have it (section 2.4).
fn client(at: &At<'_>, request: &IssuerRequest<'_>, parameters: &Parameters<'_>) -> Result<Client, Refused> {
    let wrong = Refused::new("invalid_client", "the client is not registered at this issuer, or its secret is wrong")
        .with_status(401);
    let (id, secret) = match request.authorization {
        Some(header) => {
            if parameters.one("client_secret")?.is_some() {
                return Err(Refused::new("invalid_request", "the client shows its secret twice"));
            }
            let (id, secret) = basic(header).ok_or(wrong)?;
            (id, Some(secret))
        }
        None => (parameters.needed("client_id")?.to_owned(), parameters.one("client_secret")?.map(str::to_owned)),
    };
    let client = Client::of(&id, at.key).ok_or(wrong)?;
    let shown = match client.method {
        Method::Public => true,
        Method::Basic | Method::Post => secret.is_some_and(|secret| client.is_secret(&secret, at.key)),
    };
    if shown { Ok(client) } else { Err(wrong) }
}

/// Both parts are encoded like a form's (RFC 6749, section 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (id, secret) = str::from_utf8(&decoded).ok()?.split_once(':')?;
    let plain = |text: &str| percent_decode_str(text).decode_utf8().ok().map(String::from);
    Some((plain(id)?, plain(secret)?))
}

fn by_code(at: &At<'_>, client: &Client, parameters: &Parameters<'_>) -> Result<IssuerReply, Refused> {
    let code = parameters.needed("code")?;
    let challenge = key::challenge(parameters.needed("code_verifier")?);
    let redirect_uri = parameters.one("redirect_uri")?;
    let resource = same_resource(parameters)?;
    let [line, refresh] = [random()?, random()?];
    let mut grants = at.grants();
    let grant = grants.take_code(code, at.now, |code| {
        code.grant.client == client.id
            && code.challenge == challenge
            && code.redirect_uri.as_deref() == redirect_uri
            && resource.is_none_or(|resource| resource == code.grant.resource)
    });
    let why =
        "the code is not good: it is unknown, used, too old, or for another client, redirect URI, verifier or resource";
    let grant = grant.ok_or(Refused::new("invalid_grant", why))?;
    let refresh = grants.begin(Some(code), grant.clone(), [line, refresh], at.now);
    drop(grants);
    answered(at, &grant, Some(refresh))
}

fn by_refresh(at: &At<'_>, client: &Client, parameters: &Parameters<'_>) -> Result<IssuerReply, Refused> {
    let resource = same_resource(parameters)?;
    let asked: Option<Vec<&str>> = parameters.one("scope")?.map(|scope| scope.split(' ').collect());
    // No more than was granted (RFC 6749, section 6).
    let narrower = |grant: &Grant| asked.iter().flatten().all(|scope| grant.scopes.iter().any(|own| own == scope));
    let rotated = at.grants().rotate(parameters.needed("refresh_token")?, random()?, at.now, |grant| {
        grant.client == client.id && resource.is_none_or(|resource| resource == grant.resource) && narrower(grant)
    });
    let why =
        "the refresh token is not good: it is unknown, used, too old, or for another client, resource or fewer scopes";
    let (mut grant, refresh) = rotated.ok_or(Refused::new("invalid_grant", why))?;
    if let Some(asked) = asked {
        grant.scopes = asked.into_iter().map(str::to_owned).collect();
    }
    answered(at, &grant, Some(refresh))
}

fn by_itself(at: &At<'_>, client: &Client, parameters: &Parameters<'_>) -> Result<IssuerReply, Refused> {
    if client.method == Method::Public {
        return Err(Refused::new("unauthorized_client", "a client without a secret has no credentials of its own"));
    }
    let resource = asked::resource(parameters)?.to_owned();
    let scopes = at.granted(parameters.one("scope")?);
    let scopes = scopes.ok_or(Refused::new("invalid_scope", "there is none of the scopes that are asked for"))?;
    let grant = Grant { client: client.id.clone(), user: client.subject(), scopes, resource };
    answered(at, &grant, None)
}

/// The resource that a token is asked for, which has to be the one that was granted.
fn same_resource<'a>(parameters: &'a Parameters<'_>) -> Result<Option<&'a str>, Refused> {
    let many = Refused::new("invalid_target", "a token is for one resource");
    parameters.one("resource").map_err(|_| many)
}

/// Section 3.2.3.
fn answered(at: &At<'_>, grant: &Grant, refresh: Option<String>) -> Result<IssuerReply, Refused> {
    let token = access::signed(at.key, at.url, grant, at.lifetime)
        .map_err(|why| Refused::new("server_error", why).with_status(500))?;
    let mut answer = json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": at.lifetime.as_secs(),
        "scope": grant.scopes.join(" "),
    });
    if let Some(refresh) = refresh {
        answer["refresh_token"] = json!(refresh);
    }
    Ok(IssuerReply::json(200, &answer).not_stored())
}

fn random() -> Result<String, Refused> {
    key::random().map_err(|why| Refused::new("server_error", why).with_status(500))
}
