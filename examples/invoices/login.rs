//! Who may sign in: for development, or by the OAuth issuers of a deployment.

use super::owner::Home;
use diptych::{
    ApiKeys, DevelopmentTokens, HttpSettings, Issuer, LocalIssuer, MCPServerBuilder, ResourceServer, Secret,
};

/// What is wrong with the environment.
#[derive(Debug)]
pub struct LoginError(&'static str);

impl std::fmt::Display for LoginError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// What a name has as a token that names no scopes.
const SCOPES: [&str; 3] = ["invoices:read", "invoices:write", "audit:read"];

/// With `OAUTH_ISSUER` the server takes access tokens of that issuer (several are separated by commas) for
/// `PUBLIC_URL` followed by `/mcp`, and API keys; callers of the first issuer own their rows by their subject alone, and the first
/// is the one that is asked about opaque tokens. Without, it is for development: any name is a token, too, and an issuer of its own
/// makes real ones. `read` gives the variables of the environment.
///
/// # Errors
/// One of the two is set without the other.
pub fn login(server: MCPServerBuilder, read: impl Fn(&str) -> Option<String>) -> Result<MCPServerBuilder, LoginError> {
    let server = server.auth(ApiKeys::new());
    let read = |name: &str| read(name).filter(|value| !value.trim().is_empty());
    let (issuers, public_url) = match (read("OAUTH_ISSUER"), read("PUBLIC_URL")) {
        (None, None) => {
            let names = DevelopmentTokens::with_scopes(SCOPES);
            return Ok(server.auth(names).local_issuer(LocalIssuer::kept_in(".diptych/issuer.json")));
        }
        (Some(issuers), Some(public_url)) => (issuers, public_url),
        _ => {
            return Err(LoginError(
                "OAUTH_ISSUER and PUBLIC_URL go together: the issuer's URL, and the URL that clients reach this server at, such as https://api.example.com",
            ));
        }
    };
    let public_url = public_url.trim_end_matches('/');
    let mut resource = ResourceServer::new(format!("{public_url}/mcp"));
    let plain_jwt = read("OAUTH_PLAIN_JWT").is_some_and(|value| value == "true");
    let mut introspection = read("OAUTH_CLIENT_ID").zip(read("OAUTH_CLIENT_SECRET"));
    let home = Home(issuers.split(',').next().unwrap_or_default().trim().to_owned());
    for url in issuers.split(',') {
        let mut issuer = Issuer::new(url.trim()).plain_jwt(plain_jwt);
        // An opaque token does not say whose it is, so one issuer is asked: the first.
        if let Some((client, secret)) = introspection.take() {
            issuer = issuer.introspection(client, Secret::new(secret));
        }
        resource = resource.trust(issuer);
    }
    // A proxy in front of it passes on the name that clients use.
    let host = public_url.split("://").last().and_then(|rest| rest.split('/').next()).unwrap_or_default();
    // Without the address of its clients, failed logins of one would keep all others out.
    let proxies = read("TRUSTED_PROXIES").unwrap_or_default();
    let trusted_proxies = proxies.split(',').map(|proxy| proxy.trim().to_owned()).filter(|proxy| !proxy.is_empty());
    let http = HttpSettings {
        allowed_hosts: vec![host.to_owned()],
        trusted_proxies: trusted_proxies.collect(),
        ..HttpSettings::default()
    };
    Ok(server.auth(resource).state(home).http(http))
}
