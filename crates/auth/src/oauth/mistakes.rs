//! What can be wrong with how a resource server is set up.

use super::{Issuer, ResourceServer, metadata::Metadata, resource::Resource, trusted::Trusted};
use crate::scope::is_scope;
use diptych_spec::Mistake;
use std::time::Duration;
use url::Url;

/// Beyond this, a leeway no longer is about clocks.
const LONGEST_LEEWAY: Duration = Duration::from_mins(5);

/// Everything, by what it is said of.
pub(super) fn of(server: &ResourceServer) -> Vec<Mistake> {
    let mut found = Vec::new();
    let mut add = |of: &str, messages: Vec<String>| found.extend(messages.into_iter().map(|why| Mistake::new(of, why)));
    add("the resource server", resources(server));
    for (at, trusted) in server.trusted.iter().enumerate() {
        let issuer = trusted.issuer();
        let mut messages = issuer_mistakes(issuer);
        messages.extend(trusted.mistake());
        if server.trusted[..at].iter().any(|other| other.url() == issuer.url) {
            messages.push("it is trusted twice; say all of it in one `Issuer`".to_owned());
        }
        add(&format!("the issuer {}", issuer.url), messages);
    }
    found
}

fn resources(server: &ResourceServer) -> Vec<String> {
    let mut messages: Vec<String> = server.resource.as_ref().err().cloned().into_iter().collect();
    for (at, (endpoint, resource)) in server.others.iter().enumerate() {
        messages.extend(resource.as_ref().err().cloned());
        if !endpoint.starts_with('/') {
            messages.push(format!(
                "`resource_at(\"{endpoint}\", …)`: the endpoint is the path of a mount, such as `/mcp/admin`"
            ));
        }
        if server.others[..at].iter().any(|(other, _)| other == endpoint) {
            messages.push(format!("`resource_at(\"{endpoint}\", …)` is said twice"));
        }
        let text =
            |resource: &Result<Resource, String>| resource.as_ref().ok().map(|resource| resource.as_str().to_owned());
        let earlier = server.others[..at].iter().map(|(_, other)| text(other)).chain([text(&server.resource)]);
        if text(resource).is_some_and(|own| earlier.flatten().any(|other| other == own)) {
            messages.push(format!(
                "`resource_at(\"{endpoint}\", …)` names the resource of another endpoint, so a token for one would open both; give it one of its own"
            ));
        }
    }
    if server.trusted.is_empty() {
        messages.push("no issuer is trusted, so nobody could call; say `.issuer(\"https://…\")`".to_owned());
    }
    if server.trusted.iter().filter(|trusted| trusted.issuer().introspection.is_some()).count() > 1 {
        messages.push(
            "two issuers take opaque tokens, which do not say whose they are; leave `.introspection(…)` to one"
                .to_owned(),
        );
    }
    if server.leeway > LONGEST_LEEWAY {
        messages.push("the leeway is for clocks that differ; at most 5 minutes".to_owned());
    }
    for name in Metadata::OWN.into_iter().filter(|name| server.metadata.members.contains_key(*name)) {
        messages.push(format!("`metadata_member(\"{name}\", …)`: the server says that itself"));
    }
    for scope in server.metadata.scopes.iter().flatten().filter(|scope| !is_scope(scope)) {
        messages.push(format!(
            "`{scope}` is not one scope: visible ASCII without spaces, `\"` and `\\` (RFC 6749, section 3.3)"
        ));
    }
    messages
}

fn issuer_mistakes(issuer: &Issuer) -> Vec<String> {
    let mut messages = Vec::new();
    match Url::parse(&issuer.url) {
        Err(_) => messages.push("it is not a URL; write it as the `iss` of its tokens has it".to_owned()),
        Ok(url) => {
            if !Trusted::reach_of(issuer).admits_url(&url) {
                messages.push(
                    "it has to be an https URL of a public address; http is for loopback addresses, and both for `.private_network(true)`"
                        .to_owned(),
                );
            }
            if url.query().is_some() || url.fragment().is_some() {
                messages.push("an issuer has no query and no fragment (RFC 8414, section 2)".to_owned());
            }
        }
    }
    let urls = [("jwks_uri", &issuer.jwks_uri), ("introspection_endpoint", &issuer.introspection_endpoint)];
    for (name, url) in urls.into_iter().filter_map(|(name, url)| Some((name, url.as_ref()?))) {
        if !Url::parse(url).is_ok_and(|url| Trusted::reach_of(issuer).admits_url(&url)) {
            messages.push(format!(
                "its `{name}` has to be an https URL of a public address, unless `.private_network(true)` is said"
            ));
        }
    }
    match &issuer.keys {
        Some(Err(message)) => messages.push(message.clone()),
        Some(Ok(_)) if issuer.jwks_uri.is_some() => {
            messages.push("it has both `keys` and a `jwks_uri`; say one of them".to_owned());
        }
        Some(Ok(keys)) if !keys.any_for(&issuer.algorithms) && !issuer.algorithms.is_empty() => {
            messages.push("none of its keys is for one of its algorithms".to_owned());
        }
        _ => {}
    }
    if issuer.algorithms.is_empty() {
        messages
            .push("it has no algorithm, so no token could be checked; leave `.algorithms(…)` out for all".to_owned());
    }
    if issuer.scope_claims.iter().any(String::is_empty) || issuer.scope_claims.is_empty() {
        messages.push("`scope_claims` names no claim; leave it out for `scope` and `scp`".to_owned());
    }
    match &issuer.introspection {
        Some(introspection) => {
            if introspection.client_id.is_empty() {
                messages.push(
                    "introspection needs the id of this server at the issuer; the first argument is empty".to_owned(),
                );
            }
            if introspection.secret.expose().is_empty() {
                messages.push("introspection needs the secret of this server at the issuer; it is empty".to_owned());
            }
        }
        None if issuer.introspection_endpoint.is_some() || issuer.introspection_without_audience => {
            messages.push("introspection needs `.introspection(client_id, secret)`".to_owned());
        }
        None => {}
    }
    if issuer.timeout.is_zero() || issuer.keys_for.is_zero() {
        messages.push("`timeout` and `keys_for` have to be longer than nothing".to_owned());
    }
    if issuer.stale_for < issuer.keys_for {
        messages.push("`stale_for` is the whole age that keys may reach, so not less than `keys_for`".to_owned());
    }
    messages
}
