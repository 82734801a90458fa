//! Credentials, up to the point where a key decides: development tokens, JWTs of an issuer, and what is neither.
#![no_main]

use diptych_auth::{Authenticator as _, Credentials, DevelopmentTokens, Issuer, ResourceServer};
use diptych_fuzz::world;
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

/// The key of RFC 7515, appendix A.3: whoever reads that has it, and the corpus has a token that it signed.
const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

fn server() -> &'static ResourceServer {
    static SERVER: OnceLock<ResourceServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = ResourceServer::new("https://api.example.com/mcp");
        server.trust(Issuer::new("https://id.example.com").keys(KEYS).plain_jwt(true))
    })
}

fuzz_target!(|bytes: &[u8]| {
    let world = world();
    let fields: Vec<_> = bytes.split(|byte| *byte == b'\n').map(|value| ("authorization", value)).collect();
    let credentials = Credentials::new(fields.iter().copied());
    let tokens = DevelopmentTokens::of(&world.engine);
    if let Ok(Some(who)) = world.wait(tokens.authenticate(&credentials)) {
        assert!(fields.len() == 1 && !who.subject().is_empty());
    }
    // Nothing here is signed for this server.
    let who = world.wait(server().authenticate(&credentials));
    assert!(!matches!(who, Ok(Some(_))), "{who:?}");
});
