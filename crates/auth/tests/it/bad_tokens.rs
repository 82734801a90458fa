//! Everything that is wrong with a token, one after the other.

use crate::{
    RESOURCE, assert_refused, caller, caller_at,
    issuer::{Reply, TestIssuer},
    keys::{EC, Key, RSA, base64, hs256, set},
    token::{Token, now, signed},
};
use aws_lc_rs::rsa::KeySize;
use diptych_auth::{Issuer, ResourceServer, SigningAlgorithm};
use serde_json::{Value, json};

const MALFORMED: &str = "the token is not a well-formed JWT";
const OPAQUE: &str = "the token is not a signed JWT, and this server takes no others";
const STRANGER: &str = "the token is of an issuer that this server does not trust";
const KIND: &str = "the token is not an access token: its type is not `at+jwt`";
const ALGORITHM: &str = "the token is not signed with an algorithm of its issuer's keys";
const UNKNOWN_KEY: &str = "the token is signed with a key that its issuer does not have";
const SIGNATURE: &str = "the signature of the token is not right";
const CRITICAL: &str = "the token has critical extensions that are not understood here";
const EXPIRED: &str = "the token has expired";
const NOT_YET: &str = "the token is not valid yet";
const NO_EXPIRY: &str = "the token has no expiry";
const TIMES: &str = "the times of the token are malformed";
const AUDIENCE: &str = "the token is for another audience; ask for one with this server's resource identifier";
const NO_AUDIENCE: &str = "the token names no audience";
const NO_SUBJECT: &str = "the token names no subject";
const SUBJECT: &str = "the subject of the token is longer than 255 bytes, or has control characters";
const SCOPES: &str = "the scopes of the token are malformed";
const BOUND: &str = "the token is bound to a key of its client, which bearer tokens cannot prove";
const TOO_LONG: &str = "the token is too long";
const ID_TOKEN: &str = "the token is an ID token, not an access token";

#[tokio::test]
async fn bad_tokens_are_refused_with_the_reason() {
    let issuer = TestIssuer::start().await;
    let stranger = Key::p256();
    let small = Key::rsa(KeySize::Rsa2048);
    let alone = |name: &str| Token::of(&issuer.url).claim(name, Value::Null).signed();
    let good = || Token::of(&issuer.url);
    let text = |token: &Token| (token.header.to_string(), token.claims.to_string());
    // A member more in front of the header or the claims, where the same name follows.
    let twice = |header: &str, claims: &str| {
        let (own_header, own_claims) = text(&good());
        let header = own_header.replacen('{', &format!("{{{header}"), 1);
        let claims = own_claims.replacen('{', &format!("{{{claims}"), 1);
        signed(&header, &claims, |message| EC.sign("ES256", message))
    };
    let parts = |token: String| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let [header, claims, signature] = <[String; 3]>::try_from(parts(good().signed())).unwrap();
    let confused = |secret: &[u8]| {
        let token = good().header("alg", "HS256");
        signed(&token.header.to_string(), &token.claims.to_string(), |message| hs256(secret, message))
    };
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let flipped = |part: &str, at: usize| {
        let mut bytes = part.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let other = |name: &str, value: Value| {
        let mut claims = good().claims;
        claims[name] = value;
        base64(claims.to_string())
    };

    #[rustfmt::skip]
    let table: Vec<(&str, String, &str)> = vec![
        // The form.
        ("not a JWT", "abcdef".into(), OPAQUE),
        ("one dot", format!("{header}.{claims}"), OPAQUE),
        ("encrypted", format!("{header}.{claims}.{claims}.{claims}.{signature}"), OPAQUE),
        ("no signature", format!("{header}.{claims}."), SIGNATURE),
        ("no claims", format!("{header}..{signature}"), MALFORMED),
        ("padded header", format!("{header}=.{claims}.{signature}"), MALFORMED),
        ("padded signature", format!("{header}.{claims}.{signature}=="), MALFORMED),
        ("base64 with + and /", format!("{header}.{claims}.++//{}", &signature[4..]), MALFORMED),
        ("bits left over in base64", format!("{header}.{claims}.{}", spare_bits(&signature)), MALFORMED),
        ("claims are a list", signed(&text(&good()).0, "[]", |m| EC.sign("ES256", m)), MALFORMED),
        ("claims are not JSON", signed(&text(&good()).0, "{", |m| EC.sign("ES256", m)), MALFORMED),
        ("something after the claims", signed(&text(&good()).0, &format!("{} 1", text(&good()).1), |m| EC.sign("ES256", m)), MALFORMED),
        ("alg twice", twice(r#""alg":"none","#, ""), MALFORMED),
        ("kid twice", twice(r#""kid":"rsa","#, ""), MALFORMED),
        ("sub twice", twice("", r#""sub":"root","#), MALFORMED),
        ("aud twice, once escaped", twice("", r#""\u0061ud":"https://evil.example.com","#), MALFORMED),
        ("a nested member twice", twice("", r#""x":{"a":1,"a":2},"#), MALFORMED),
        ("nested too deep", signed(&text(&good()).0, &deep, |m| EC.sign("ES256", m)), MALFORMED),
        ("header nested too deep", signed(&deep, &text(&good()).1, |m| EC.sign("ES256", m)), MALFORMED),
        ("longer than 16 KiB", good().claim("x", "x".repeat(16 * 1024)).signed(), TOO_LONG),
        // The header.
        ("alg none", format!("{}.{claims}.", base64(good().header("alg", "none").header.to_string())), ALGORITHM),
        ("alg nOnE", format!("{}.{claims}.", base64(good().header("alg", "nOnE").header.to_string())), ALGORITHM),
        ("alg none, signed", good().header("alg", "none").signed(), ALGORITHM),
        ("no alg", good().without_header("alg").signed(), MALFORMED),
        ("alg is a number", good().header("alg", 256).signed(), MALFORMED),
        ("alg in lower case", good().header("alg", "es256").signed(), ALGORITHM),
        ("HS256 with the public key of ES256", confused(&EC.public_bytes()), ALGORITHM),
        ("HS256 with the published JWK", confused(EC.jwk("ec").to_string().as_bytes()), ALGORITHM),
        ("HS256 with no secret", confused(b""), ALGORITHM),
        ("RS256 with the id of an EC key", good().header("alg", "RS256").signed_with(&RSA), ALGORITHM),
        ("ES256 with the id of an RSA key", good().header("kid", "rsa").signed(), ALGORITHM),
        ("ES384 with a key of P-256", good().header("alg", "ES384").signed(), ALGORITHM),
        ("kid is a list", good().header("kid", json!(["ec"])).signed(), MALFORMED),
        ("kid is a path", good().header("kid", "../../ec").signed(), UNKNOWN_KEY),
        ("kid is empty", good().header("kid", "").signed(), UNKNOWN_KEY),
        ("unknown critical extension", good().header("crit", json!(["exp"])).header("exp", 1).signed(), CRITICAL),
        ("critical extension b64", good().header("crit", json!(["b64"])).header("b64", false).signed(), CRITICAL),
        ("empty crit", good().header("crit", json!([])).signed(), CRITICAL),
        ("typ JWT", good().header("typ", "JWT").signed(), KIND),
        ("typ of a logout token", good().header("typ", "logout+jwt").signed(), KIND),
        ("typ of a DPoP proof", good().header("typ", "dpop+jwt").signed(), KIND),
        ("no typ", good().without_header("typ").signed(), KIND),
        ("typ is a number", good().header("typ", 1).signed(), MALFORMED),
        // The signature.
        ("signed with another key", good().signed_with(&stranger), SIGNATURE),
        ("its own key in jwk", good().header("jwk", stranger.jwk("ec")).signed_with(&stranger), SIGNATURE),
        ("its own key at jku", good().header("jku", format!("{}/evil", issuer.url)).signed_with(&stranger), SIGNATURE),
        ("its own certificate at x5u", good().header("x5u", format!("{}/evil", issuer.url)).signed_with(&stranger), SIGNATURE),
        ("its own certificate in x5c", good().header("x5c", json!(["MIIB"])).signed_with(&stranger), SIGNATURE),
        ("no kid, another RSA key", good().without_header("kid").header("alg", "RS256").signed_with(&small), SIGNATURE),
        ("RS256 signature announced as PS256", rsa_as(&good(), "RS256", "PS256"), SIGNATURE),
        ("PS256 signature announced as RS256", rsa_as(&good(), "PS256", "RS256"), SIGNATURE),
        ("other claims below the signature", format!("{header}.{}.{signature}", other("sub", json!("root"))), SIGNATURE),
        ("more scopes below the signature", format!("{header}.{}.{signature}", other("scope", json!("admin"))), SIGNATURE),
        ("one bit of the signature", format!("{header}.{claims}.{}", flipped(&signature, 10)), SIGNATURE),
        ("half a signature", format!("{header}.{claims}.{}", &signature[..40]), SIGNATURE),
        ("a signature of zeros", format!("{header}.{claims}.{}", base64([0; 64])), SIGNATURE),
        ("a signature in DER", format!("{header}.{claims}.{}", base64([0x30, 6, 2, 1, 1, 2, 1, 1])), SIGNATURE),
        // Who it is of.
        ("no iss", good().without_claim("iss").signed(), STRANGER),
        ("iss null", alone("iss"), STRANGER),
        ("iss is a list with the issuer", good().claim("iss", json!([issuer.url, "https://evil.example.com"])).signed(), STRANGER),
        ("another iss", good().claim("iss", "https://evil.example.com").signed(), STRANGER),
        ("iss with a slash", good().claim("iss", format!("{}/", issuer.url)).signed(), STRANGER),
        ("iss with a longer name", good().claim("iss", format!("{}.evil.example.com", issuer.url)).signed(), STRANGER),
        ("iss in upper case", good().claim("iss", issuer.url.to_uppercase()).signed(), STRANGER),
        // Whom it is for.
        ("no aud", good().without_claim("aud").signed(), NO_AUDIENCE),
        ("aud null", alone("aud"), NO_AUDIENCE),
        ("aud empty", good().claim("aud", "").signed(), NO_AUDIENCE),
        ("aud an empty list", good().claim("aud", json!([])).signed(), NO_AUDIENCE),
        ("aud a number", good().claim("aud", 1).signed(), NO_AUDIENCE),
        ("aud an object", good().claim("aud", json!({RESOURCE: true})).signed(), NO_AUDIENCE),
        ("aud a list with a number", good().claim("aud", json!([RESOURCE, 1])).signed(), NO_AUDIENCE),
        ("aud a list in a list", good().claim("aud", json!([[RESOURCE]])).signed(), NO_AUDIENCE),
        ("another aud", good().claim("aud", "https://other.example.com").signed(), AUDIENCE),
        ("aud the origin", good().claim("aud", "https://api.example.com").signed(), AUDIENCE),
        ("aud begins with the resource", good().claim("aud", format!("{RESOURCE}/admin")).signed(), AUDIENCE),
        ("aud is the beginning of the resource", good().claim("aud", "https://api.example.com/mc").signed(), AUDIENCE),
        ("aud with a closing slash", good().claim("aud", format!("{RESOURCE}/")).signed(), AUDIENCE),
        ("aud with a fragment", good().claim("aud", format!("{RESOURCE}#")).signed(), AUDIENCE),
        ("aud with http", good().claim("aud", RESOURCE.replace("https", "http")).signed(), AUDIENCE),
        ("aud in upper case", good().claim("aud", RESOURCE.to_uppercase()).signed(), AUDIENCE),
        ("two resources in one text", good().claim("aud", format!("https://a.example.com {RESOURCE}")).signed(), AUDIENCE),
        ("aud is the client", good().claim("aud", "app").signed(), AUDIENCE),
        // When.
        ("no exp", good().without_claim("exp").signed(), NO_EXPIRY),
        ("exp null", alone("exp"), TIMES),
        ("exp a text", good().claim("exp", (now() + 600).to_string()).signed(), TIMES),
        ("exp negative", good().claim("exp", -1).signed(), TIMES),
        ("exp beyond all time", good().claim("exp", 1e300).signed(), TIMES),
        ("exp beyond what a clock has", good().claim("exp", u64::MAX).signed(), TIMES),
        ("expired a minute ago", good().claim("exp", now() - 60).signed(), EXPIRED),
        ("expired just beyond the leeway", good().claim("exp", now() - 31).signed(), EXPIRED),
        ("expired at the beginning of time", good().claim("exp", 0).signed(), EXPIRED),
        ("nbf in a minute", good().claim("nbf", now() + 60).signed(), NOT_YET),
        ("nbf a text", good().claim("nbf", "0").signed(), TIMES),
        ("iat in a minute", good().claim("iat", now() + 60).signed(), NOT_YET),
        ("iat a list", good().claim("iat", json!([0])).signed(), TIMES),
        // Who it is for.
        ("no sub", good().without_claim("sub").signed(), NO_SUBJECT),
        ("sub null", alone("sub"), NO_SUBJECT),
        ("sub empty", good().claim("sub", "").signed(), NO_SUBJECT),
        ("sub blank", good().claim("sub", "  ").signed(), NO_SUBJECT),
        ("sub a number", good().claim("sub", 1).signed(), NO_SUBJECT),
        ("sub a list", good().claim("sub", json!(["ann"])).signed(), NO_SUBJECT),
        ("sub of 256 bytes", good().claim("sub", "x".repeat(256)).signed(), SUBJECT),
        ("sub of 128 letters of two bytes", good().claim("sub", "é".repeat(128)).signed(), SUBJECT),
        ("sub with NUL", good().claim("sub", "ann\0").signed(), SUBJECT),
        ("sub with a line", good().claim("sub", "ann\nroot").signed(), SUBJECT),
        ("scope a number", good().claim("scope", 1).signed(), SCOPES),
        ("scope an object", good().claim("scope", json!({"notes:read": true})).signed(), SCOPES),
        ("scope a list with a number", good().claim("scope", json!(["notes:read", 1])).signed(), SCOPES),
        ("bound to a key of DPoP", good().claim("cnf", json!({"jkt": "x"})).signed(), BOUND),
        ("bound to a certificate", good().claim("cnf", json!({"x5t#S256": "x"})).signed(), BOUND),
    ];
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    assert_eq!(caller(&server, &good().signed()).await.subject(), "ann", "what all of these are made from is good");
    for (name, token, reason) in &table {
        let outcome = caller_at(&server, "", token).await;
        let error = outcome.err().map(|error| (error.kind().status(), error.detail().to_owned()));
        assert_eq!(error, Some((401, (*reason).to_owned())), "{name}");
    }
    assert_eq!(caller(&server, &good().signed()).await.subject(), "ann", "and still is");
    let longest = "x".repeat(255);
    assert_eq!(caller(&server, &good().claim("sub", &*longest).signed()).await.subject(), longest);
    assert_eq!(issuer.count("/evil"), 0, "what a header names is never fetched");
    assert!(table.len() >= 100, "{}", table.len());
}

/// The same bytes by a lenient reader: the bits of the last character that say nothing.
fn spare_bits(signature: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = signature.split_at(signature.len() - 1);
    let at = DIGITS.iter().position(|digit| last.as_bytes()[0] == *digit).unwrap();
    format!("{rest}{}", char::from(DIGITS[at + 1]))
}

/// Signed with one algorithm, announced as another.
fn rsa_as(token: &Token, signs: &str, says: &str) -> String {
    let mut header = token.header.clone();
    header["alg"] = says.into();
    header["kid"] = "rsa".into();
    signed(&header.to_string(), &token.claims.to_string(), |message| RSA.sign(signs, message))
}

#[tokio::test]
async fn an_issuer_speaks_for_itself_only() {
    let (ours, theirs) = (TestIssuer::start().await, TestIssuer::start().await);
    // The same id for different keys.
    let their_key = Key::p256();
    theirs.reply("/keys", Reply::Json(set([their_key.jwk("ec")])));
    let server = ResourceServer::new(RESOURCE).issuer(&ours.url).issuer(&theirs.url);
    assert_eq!(caller(&server, &Token::of(&ours.url).signed()).await.issuer(), ours.url);
    assert_eq!(caller(&server, &Token::of(&theirs.url).signed_with(&their_key)).await.issuer(), theirs.url);
    assert_refused(&server, &Token::of(&ours.url).signed_with(&their_key), SIGNATURE).await;
    assert_refused(&server, &Token::of(&theirs.url).signed(), SIGNATURE).await;
    // Without an id the keys of the other are not tried either.
    let anonymous = Token::of(&ours.url).without_header("kid");
    assert_eq!(caller(&server, &anonymous.signed()).await.issuer(), ours.url);
    assert_refused(&server, &anonymous.signed_with(&their_key), SIGNATURE).await;
}

#[tokio::test]
async fn keys_are_for_what_they_say() {
    let rsa = |more: Value| {
        let mut key = RSA.jwk("rsa");
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        set([key])
    };
    let secret = base64(b"a shared secret that somebody published by mistake");
    let shared = set([json!({"kty": "oct", "k": secret, "kid": "rsa", "alg": "HS256"}), RSA.jwk("other")]);
    let signed_as = |algorithm: &str| {
        Token::of("https://id.example.com").header("kid", "rsa").header("alg", algorithm).signed_with(&RSA)
    };
    for (keys, algorithm, refused) in [
        (rsa(json!({})), "RS256", None),
        (rsa(json!({})), "PS256", None),
        (rsa(json!({})), "RS512", None),
        (rsa(json!({"alg": "RS256"})), "RS256", None),
        (rsa(json!({"alg": "RS256"})), "PS256", Some(ALGORITHM)),
        (rsa(json!({"alg": "PS256"})), "RS256", Some(ALGORITHM)),
        (rsa(json!({"key_ops": ["verify"]})), "RS256", None),
        (shared, "HS256", Some(ALGORITHM)),
    ] {
        let server = ResourceServer::new(RESOURCE).trust(Issuer::new("https://id.example.com").keys(&keys));
        match refused {
            None => assert_eq!(caller(&server, &signed_as(algorithm)).await.subject(), "ann"),
            Some(reason) => assert_refused(&server, &signed_as(algorithm), reason).await,
        }
    }
    // Keys that are not for signatures are not there at all.
    for more in
        [json!({"use": "enc"}), json!({"key_ops": ["encrypt"]}), json!({"alg": "RSA-OAEP"}), json!({"alg": "HS256"})]
    {
        let mut key = RSA.jwk("rsa");
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let server =
            ResourceServer::new(RESOURCE).trust(Issuer::new("https://id.example.com").keys(set([key, EC.jwk("ec")])));
        assert_refused(&server, &signed_as("RS256"), UNKNOWN_KEY).await;
    }
    // Less than all algorithms.
    let only = Issuer::new("https://id.example.com").keys(rsa(json!({}))).algorithms([SigningAlgorithm::PS256]);
    let server = ResourceServer::new(RESOURCE).trust(only);
    assert_eq!(caller(&server, &signed_as("PS256")).await.subject(), "ann");
    assert_refused(&server, &signed_as("RS256"), ALGORITHM).await;
}

#[tokio::test]
async fn plain_tokens_are_taken_where_that_is_said() {
    let issuer = TestIssuer::start().await;
    let server = ResourceServer::new(RESOURCE).trust(Issuer::new(&issuer.url).plain_jwt(true));
    let good = || Token::of(&issuer.url);
    for token in [good(), good().header("typ", "JWT"), good().header("typ", "jwt"), good().without_header("typ")] {
        assert_eq!(caller(&server, &token.signed()).await.subject(), "ann");
    }
    assert_refused(&server, &good().header("typ", "logout+jwt").signed(), KIND).await;
    for name in ["at_hash", "c_hash", "s_hash"] {
        assert_refused(&server, &good().header("typ", "JWT").claim(name, "x").signed(), ID_TOKEN).await;
    }
    assert_refused(&server, &good().header("typ", "JWT").claim("aud", "app").signed(), AUDIENCE).await;
}
