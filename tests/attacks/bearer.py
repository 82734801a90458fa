"""Tokens: every one of these has to be refused at REST and at MCP, but for the controls."""

import base64
import json
import time

from issuer import MISSING, b64, hmac_with, number
from table import done, refused, sound
from target import MODERN

SCOPE = "invoices:read invoices:write"


def run(table):
    target = table.target
    own, partner, stranger = target.issuer, target.partner, target.stranger
    evil = stranger.ec
    now = int(time.time())

    def both(token, statuses=(401,), check=refused):
        """The token at REST and at MCP, from an address of its own."""
        address = target.address()
        header = token if isinstance(token, list) else [("Authorization", f"Bearer {token}")]
        for reply in (
            target.send("GET", "/api/invoices", None, header, None, address),
            target.modern("tools/call", {"name": "invoices.list", "arguments": {}}, None, headers=dict(header), address=address),
            target.send("POST", "/api/customers", {"name": "Evil", "email": "evil@example.com"}, header, None, address),
        ):
            check(reply, *statuses)
            assert "2026-001" not in reply.text and '"items"' not in reply.text, f"tells rows: {reply}"
            if isinstance(token, str) and len(token) > 20:
                assert token[-20:] not in reply.text + str(reply.all), "the token is repeated"

    def good(token):
        address = target.address()
        header = {"Authorization": f"Bearer {token}"}
        done(target.send("GET", "/api/invoices", None, header, None, address))
        done(target.modern("tools/call", {"name": "invoices.list", "arguments": {}}, None, headers=header, address=address))

    # Controls: without them a server that refuses everything would pass.
    for name, token in {
        "RS256": own.token(key=own.rsa),
        "PS256": own.token(key=own.pss),
        "ES256": own.token(),
        "EdDSA": own.token(key=own.ed),
        "a list of audiences": own.token(aud=["https://else.example.com", own.audience]),
        "application/at+jwt": own.token(header={"typ": "application/at+jwt"}),
        "clocks that differ by seconds": own.token(iat=now + 5, nbf=now + 5),
        "the second issuer": partner.token(),
    }.items():
        table.attack(f"control: {name} is taken", lambda token=token: good(token))

    pem, der = own.rsa.pem(), own.rsa.der()
    genuine = own.token()
    head, payload, signature = genuine.split(".")
    fixed = b64(json.dumps(own.claims("root")))

    def replaced(changes):
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        return b64(json.dumps(claims | changes))

    flipped = bytearray(base64.urlsafe_b64decode(signature + "=="))
    flipped[10] ^= 1
    bad = {
        # Algorithms.
        **{
            f"alg {alg} without a signature": own.token(header={"alg": alg, "kid": MISSING}, sign=lambda _: b"")
            for alg in ("none", "None", "NONE", "nOnE", "")
        },
        "alg none with a good signature": own.token(header={"alg": "none"}),
        "alg none, third part left out": f'{b64(json.dumps({"alg": "none", "typ": "at+jwt"}))}.{fixed}',
        "HS256 with the public key as PEM": own.token(key=own.rsa, header={"alg": "HS256"}, sign=hmac_with(pem)),
        "HS256 with the public key as PEM, stripped": own.token(key=own.rsa, header={"alg": "HS256"}, sign=hmac_with(pem.strip())),
        "HS256 with the public key as DER": own.token(key=own.rsa, header={"alg": "HS256"}, sign=hmac_with(der)),
        "HS256 with the modulus": own.token(key=own.rsa, header={"alg": "HS256"}, sign=hmac_with(own.rsa.jwk()["n"].encode())),
        "HS256 with the JWK": own.token(key=own.rsa, header={"alg": "HS256"}, sign=hmac_with(json.dumps(own.rsa.jwk()).encode())),
        "HS256 with an empty secret": own.token(header={"alg": "HS256"}, sign=hmac_with(b"")),
        "HS256 with the secret `secret`": own.token(header={"alg": "HS256", "kid": MISSING}, sign=hmac_with(b"secret")),
        "HS512 with the public key": own.token(key=own.rsa, header={"alg": "HS512"}, sign=hmac_with(pem, "sha512")),
        "HS256 with a symmetric key of the set": own.token(header={"alg": "HS256", "kid": "oct-1"}, sign=hmac_with(own.shared)),
        "HS256 with an EC key": own.token(header={"alg": "HS256"}, sign=hmac_with(own.ec.pem())),
        "RS256 said to be PS256": own.token(key=own.rsa, header={"alg": "PS256"}, sign=lambda d: own.rsa.sign(d, "RS256")),
        "PS256 with the key for RS256": own.token(key=own.rsa, header={"alg": "PS256"}, sign=lambda d: own.rsa.sign(d, "PS256")),
        "RS512 with the key for RS256": own.token(key=own.rsa, header={"alg": "RS512"}, sign=lambda d: own.rsa.sign(d, "RS512")),
        "ES256 with the id of the RSA key": own.token(header={"kid": "rsa-1"}),
        "RS256 with the id of the EC key": own.token(key=own.rsa, header={"kid": "ec-1"}),
        "alg missing": own.token(header={"alg": MISSING}),
        "alg a number": own.token(header={"alg": 256}),
        "alg a list": own.token(header={"alg": ["ES256"]}),
        "alg in small letters": own.token(header={"alg": "es256"}),
        "alg with a space": own.token(header={"alg": "ES256 "}),
        "alg unknown": own.token(header={"alg": "ES256K"}),
        "a key for encryption": own.token(key=own.encryption),
        "an RSA key of 1024 bits": own.token(key=own.short),
        # Whose key it is.
        "kid a path": own.token(header={"alg": "HS256", "kid": "../../../../../dev/null"}, sign=hmac_with(b"")),
        "kid SQL": own.token(header={"alg": "HS256", "kid": "' UNION SELECT 'secret' --"}, sign=hmac_with(b"secret")),
        "kid a URL": own.token(key=evil, header={"kid": f"http://127.0.0.1:{target.issuer_port}/evil-kid"}),
        "kid a command": own.token(key=evil, header={"kid": "|curl http://127.0.0.1"}),
        "kid empty": own.token(key=evil, header={"kid": ""}),
        "kid a number": own.token(header={"kid": 1}),
        "kid a list": own.token(header={"kid": ["ec-1"]}),
        "kid with NUL": own.token(header={"kid": "ec-1\0"}),
        "kid very long": own.token(key=evil, header={"kid": "k" * 8000}),
        "kid of ours, key of a stranger": own.token(key=evil, header={"kid": "ec-1"}),
        "no kid, key of a stranger": own.token(key=evil, header={"kid": MISSING}),
        "jku": own.token(key=evil, header={"jku": f"http://127.0.0.1:{target.issuer_port}/evil-jku"}),
        "x5u": own.token(key=evil, header={"x5u": f"http://127.0.0.1:{target.issuer_port}/evil-x5u"}),
        "jwk": own.token(key=evil, header={"jwk": evil.jwk(), "kid": MISSING}),
        "jwk, symmetric": own.token(header={"alg": "HS256", "jwk": {"kty": "oct", "k": b64(b"evil")}}, sign=hmac_with(b"evil")),
        "x5c": own.token(key=evil, header={"x5c": [base64.b64encode(evil.der()).decode()], "kid": MISSING}),
        "iss of one issuer, key of the other": own.token(key=partner.ec),
        "iss of the other issuer, key of one": partner.token(key=own.ec),
        # Who made it.
        "a stranger's issuer": stranger.token(),
        "iss missing": own.token(iss=MISSING),
        "iss a list": own.token(iss=[own.url]),
        "iss of both issuers": own.token(iss=[own.url, partner.url]),
        "iss null": own.token(iss=None),
        "iss with a slash at the end": own.token(iss=own.url + "/"),
        "iss in capitals": own.token(iss=own.url.upper()),
        "iss with a user": own.token(iss=own.url.replace("//", "//x@")),
        "iss with NUL": own.token(iss=own.url + "\0"),
        "iss with dots": partner.token(iss=partner.url + "/../partner"),
        "iss as a prefix": own.token(iss=own.url + ".evil.example"),
        "iss by another name of the host": own.token(iss=own.url.replace("127.0.0.1", "localhost")),
        # For whom it is.
        "aud missing": own.token(aud=MISSING),
        "aud of another": own.token(aud="https://else.example.com/mcp"),
        "aud the issuer": own.token(aud=own.url),
        "aud the origin only": own.token(aud=target.url),
        "aud of REST": own.token(aud=f"{target.url}/api"),
        "aud a prefix": own.token(aud=own.audience[:-1]),
        "aud with more": own.token(aud=own.audience + "x"),
        "aud with more path": own.token(aud=own.audience + "/admin"),
        "aud with a slash": own.token(aud=own.audience + "/"),
        "aud in capitals": own.token(aud=own.audience.upper()),
        "aud with a query": own.token(aud=own.audience + "?x"),
        "aud with NUL": own.token(aud=own.audience + "\0"),
        "aud an empty list": own.token(aud=[]),
        "aud a list in a list": own.token(aud=[[own.audience]]),
        "aud an object": own.token(aud={own.audience: True}),
        "aud texts joined": own.token(aud=f"https://else.example.com {own.audience}"),
        "aud null": own.token(aud=None),
        "aud true": own.token(aud=True),
        "aud a wildcard": own.token(aud="*"),
        "aud the client": own.token(aud="attacks"),
        # When it is good.
        "expired": own.token(exp=now - 120, iat=now - 4000),
        "exp missing": own.token(exp=MISSING),
        "exp a text": own.token(exp=str(now + 3600)),
        "exp null": own.token(exp=None),
        "exp true": own.token(exp=True),
        "exp zero": own.token(exp=0),
        "exp negative": own.token(exp=-1),
        "exp a list": own.token(exp=[now + 3600]),
        "exp not finite": own.token(raw=json.dumps(own.claims(exp=0)).replace('"exp": 0', '"exp": 1e999').encode()),
        "exp NaN": own.token(exp=float("nan")),
        "nbf in the future": own.token(nbf=now + 600),
        "nbf a text": own.token(nbf=str(now)),
        "iat in the future": own.token(iat=now + 600),
        "iat a text": own.token(iat="yesterday"),
        # Whom it names.
        "sub missing": own.token(claims={k: v for k, v in own.claims().items() if k != "sub"}),
        "sub empty": own.token(sub=""),
        "sub blank": own.token(sub=" \t"),
        "sub a number": own.token(sub=1),
        "sub a list": own.token(sub=["ann"]),
        "sub an object": own.token(sub={"$ne": None}),
        "sub null": own.token(sub=None),
        "sub very long": own.token(sub="".join(f"{n * n:x}" for n in range(1000))),
        "sub with NUL": own.token(sub="ann\0"),
        "sub with a newline": own.token(sub="ann\nINJECTED"),
        # What kind of token it is.
        "crit with b64": own.token(header={"crit": ["b64"], "b64": False}),
        "crit with exp": own.token(header={"crit": ["exp"], "exp": now + 3600}),
        "crit empty": own.token(header={"crit": []}),
        "crit a text": own.token(header={"crit": "b64"}),
        "typ missing": own.token(header={"typ": MISSING}),
        "typ JWT (an ID token)": own.token(header={"typ": "JWT"}, nonce="n", at_hash="x"),
        "typ logout+jwt": own.token(header={"typ": "logout+jwt"}),
        "typ dpop+jwt": own.token(header={"typ": "dpop+jwt"}),
        "typ with more": own.token(header={"typ": "at+jwt-x"}),
        "typ a list": own.token(header={"typ": ["at+jwt"]}),
        "cnf: bound to a key": own.token(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
        # The signature.
        "signature left out": f"{head}.{payload}.",
        "signature of zeros": f"{head}.{payload}.{b64(bytes(64))}",
        "signature cut": f"{head}.{payload}.{signature[:-4]}",
        "signature with more": f"{head}.{payload}.{signature}AAAA",
        "signature with a flipped bit": f"{head}.{payload}.{b64(bytes(flipped))}",
        "signature as DER": own.token(sign=lambda d: own.ec.sign(d, der=True)),
        "signature r=1, s=1": f"{head}.{payload}.{number(1, 32)}{number(1, 32)}",
        "signature of another token": f"{head}.{payload}.{own.token('bob').split('.')[2]}",
        "signature with padding": f"{genuine}==",
        "signature with a newline in base64": f"{head}.{payload}.{signature[:20]}%0A{signature[20:]}",
        # What was signed.
        "payload exchanged": f"{head}.{replaced({'sub': 'root'})}.{signature}",
        "scope exchanged": f"{head}.{replaced({'scope': SCOPE + ' admin'})}.{signature}",
        "header exchanged": f"{b64(json.dumps({'alg': 'ES256', 'kid': 'ec-1', 'typ': 'at+jwt', 'x': 1}))}.{payload}.{signature}",
        "sub twice": own.token(raw=json.dumps(own.claims())[:-1].encode() + b', "sub": "root"}'),
        "aud twice": own.token(raw=b'{"aud": "x", ' + json.dumps(own.claims())[1:].encode()),
        "sub twice, once escaped": own.token(raw=json.dumps(own.claims())[:-1].encode() + b', "\\u0073ub": "root"}'),
        "alg twice": own.token(raw_header=b'{"alg":"none","alg":"ES256","kid":"ec-1","typ":"at+jwt"}'),
        "payload a list": own.token(raw=b"[" + json.dumps(own.claims()).encode() + b"]"),
        "payload a text": own.token(raw=b'"ann"'),
        "payload null": own.token(raw=b"null"),
        "payload empty": own.token(raw=b""),
        "payload not JSON": own.token(raw=b"sub=ann"),
        "payload not UTF-8": own.token(raw=b'{"sub": "\xff\xfe"}'),
        "payload with a byte order mark": own.token(raw=b"\xef\xbb\xbf" + json.dumps(own.claims()).encode()),
        "payload with a tail": own.token(raw=json.dumps(own.claims()).encode() + b"{}"),
        "payload nested deeply": own.token(raw=json.dumps(own.claims())[:-1].encode() + b', "x": ' + b"[" * 2000 + b"]" * 2000 + b"}"),
        "header a list": own.token(raw_header=b'["ES256"]'),
        "header empty": own.token(raw_header=b""),
        "a token within a token": own.token(header={"cty": "JWT"}, raw=genuine.encode()),
        "two parts": f"{head}.{payload}",
        "four parts": f"{genuine}.{signature}",
        "five parts (JWE)": f"{b64(json.dumps({'alg': 'dir', 'enc': 'A128GCM', 'typ': 'at+jwt'}))}..{b64(bytes(12))}.{payload}.{b64(bytes(16))}",
        "JSON serialization": json.dumps({"payload": payload, "signatures": [{"protected": head, "signature": signature}]}),
        "only dots": "..",
        "a huge one": own.token(filler="x" * 20_000),
        # What is no token of this server.
        "a name (the development login)": "ann",
        "a name with scopes (the development login)": "ann+invoices:read",
        "an API key, guessed": "dk_" + "a" * 16 + "_" + "b" * 58,
        "an API key, SQL": "dk_' OR '1'='1",
        "a wildcard": "*",
        "null": "null",
        "undefined": "undefined",
        "an opaque token": "2YotnFZFEjr1zCsicMWpAA",
    }
    for name, token in bad.items():
        table.attack(name, lambda token=token: both(token))

    def nothing_fetched():
        evil_paths = [path for path in target.asked if "evil" in path]
        assert not evil_paths, f"fetched what a token names: {evil_paths}"
        assert len([path for path in target.asked if "jwks" in path]) <= 8, f"fetched keys too often: {target.asked}"

    table.attack("nothing was fetched that a token names, and keys seldom", nothing_fetched)

    # Elsewhere than in Authorization.
    anonymous = {
        "in the query": ("GET", f"/api/invoices?access_token={genuine}", None, []),
        "in a cookie": ("GET", "/api/invoices", None, [("Cookie", f"access_token={genuine}; Authorization={genuine}")]),
        "in X-Access-Token": ("GET", "/api/invoices", None, [("X-Access-Token", genuine)]),
        "in X-Api-Key": ("GET", "/api/invoices", None, [("X-Api-Key", genuine)]),
        "in Proxy-Authorization": ("GET", "/api/invoices", None, [("Proxy-Authorization", f"Bearer {genuine}")]),
        "in X-Forwarded-Authorization": ("GET", "/api/invoices", None, [("X-Forwarded-Authorization", f"Bearer {genuine}")]),
        "in a form": ("POST", "/api/customers", f"access_token={genuine}".encode(), [("Content-Type", "application/x-www-form-urlencoded")]),
        "Basic": ("GET", "/api/invoices", None, [("Authorization", "Basic " + base64.b64encode(f"ann:{genuine}".encode()).decode())]),
        "DPoP": ("GET", "/api/invoices", None, [("Authorization", f"DPoP {genuine}")]),
        "Bearer and nothing": ("GET", "/api/invoices", None, [("Authorization", "Bearer")]),
        "no scheme": ("GET", "/api/invoices", None, [("Authorization", genuine)]),
        "two, the same": ("GET", "/api/invoices", None, [("Authorization", f"Bearer {genuine}")] * 2),
        "two, good and bad": ("GET", "/api/invoices", None, [("Authorization", f"Bearer {genuine}"), ("Authorization", "Bearer x")]),
        "two, bad and good": ("GET", "/api/invoices", None, [("Authorization", "Bearer x"), ("Authorization", f"Bearer {genuine}")]),
        "two in one line": ("GET", "/api/invoices", None, [("Authorization", f"Bearer {genuine}, Bearer {genuine}")]),
        "followed by a word": ("GET", "/api/invoices", None, [("Authorization", f"Bearer {genuine} x")]),
        "claims of a proxy": ("GET", "/api/invoices", None, [("X-User", "ann"), ("X-Remote-User", "ann"), ("X-Forwarded-User", "ann"), ("Remote-User", "ann")]),
    }
    for name, (method, path, body, headers) in anonymous.items():
        def elsewhere(method=method, path=path, body=body, headers=headers):
            reply = refused(target.send(method, path, body, headers, None, target.address()), 400, 401)
            assert genuine[-20:] not in reply.text + str(reply.all), "the token is repeated"
        table.attack(f"a token {name}", elsewhere)

    def raw(head):
        got = target.raw(f"GET /api/invoices HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\n{head}Connection: close\r\n\r\n", target.address())
        status = int(got.split(b" ")[1]) if got else 400
        assert status in (400, 401), got[:200]
        return got

    table.attack("a token with NUL in its line", lambda: raw(f"Authorization: Bearer {genuine}\0x\r\n"))
    table.attack("a token on a folded line", lambda: raw(f"Authorization: Bearer\r\n {genuine}\r\n"))
    table.attack("a token with bytes beyond ASCII", lambda: raw(f"Authorization: Bearer {genuine}\xff\xfe\r\n"))
    table.attack("a space before the colon", lambda: raw(f"Authorization : Bearer {genuine}\r\n"))
    table.attack(
        "control: the scheme in small letters is taken",
        lambda: done(target.send("GET", "/api/invoices", None, {"authorization": f"bearer {genuine}"}, None)),
    )

    # A token that was good a moment ago does not lend that to another.
    def remembered():
        good(genuine)
        both(f"{head}.{replaced({'sub': 'root'})}.{signature}")
        both(genuine[:-2] + ("AA" if genuine[-2:] != "AA" else "BB"))

    table.attack("a token that is known, changed", remembered)

    # Scopes.
    def scoped(token, *statuses):
        address = target.address()
        header = {"Authorization": f"Bearer {token}"}
        for reply in (
            target.send("GET", "/api/invoices", None, header, None, address),
            target.modern("tools/call", {"name": "invoices.list", "arguments": {}}, None, headers=header, address=address),
        ):
            sound(reply)
            assert reply.status in statuses, f"wanted {statuses}, got {reply}"
            if reply.status == 403:
                challenge = reply.headers.get("www-authenticate", "")
                assert "insufficient_scope" in challenge and "invoices:read" in challenge, challenge

    for name, changes in {
        "none": {"scope": MISSING}, "empty": {"scope": ""}, "of another word": {"scope": "invoices"}, "in capitals": {"scope": "INVOICES:READ"},
        "a wildcard": {"scope": "*"}, "a wildcard of invoices": {"scope": "invoices:*"}, "with more": {"scope": "invoices:read:all"},
        "a prefix": {"scope": "invoices:rea"}, "with commas": {"scope": "invoices:write,invoices:read"},
        "with tabs": {"scope": "invoices:write\tinvoices:read"}, "with newlines": {"scope": "x\ninvoices:read"},
        "with a no-break space": {"scope": "x\u00a0invoices:read"}, "an object": {"scope": {"invoices:read": True}},
        "a number": {"scope": 1}, "lists in a list": {"scope": [["invoices:read"]]}, "in `scopes`": {"scope": MISSING, "scopes": ["invoices:read"]},
        "in `permissions`": {"scope": MISSING, "permissions": ["invoices:read"]}, "in `roles`": {"scope": MISSING, "roles": ["admin"]},
        "with joined texts in a list": {"scope": ["invoices:write invoices:read"]}, "only of writing": {"scope": "invoices:write"},
        "empty, and others in `scp`": {"scope": "", "scp": "invoices:read"},
    }.items():  # fmt: skip
        claims = {k: v for k, v in (own.claims() | changes).items() if v is not MISSING}
        table.attack(f"scope {name}", lambda claims=claims: scoped(own.token(claims=claims), 401, 403))

    # What a server in production does not have.
    for path in ("/issuer/jwks.json", "/issuer/token", "/issuer/authorize", "/issuer/register", "/.well-known/oauth-authorization-server/issuer"):
        def gone(path=path):
            refused(target.send("GET", path, who=None), 404)
            refused(target.send("POST", path, b"grant_type=client_credentials", {"Content-Type": "application/x-www-form-urlencoded"}, None), 403, 404)
        table.attack(f"the issuer for development is not there: {path}", gone)

    def metadata():
        reply = done(target.send("GET", "/.well-known/oauth-protected-resource/mcp", None, {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}, None))
        assert reply.json()["resource"] == own.audience and "evil" not in reply.text, reply
        assert reply.json()["authorization_servers"] == [own.url, partner.url]

    table.attack("metadata is not made of what a request says", metadata)

    def anonymous_call():
        refused(target.send("GET", "/api/invoices", who=None))
        challenge = refused(target.tool("invoices.list", who=None)).headers["www-authenticate"]
        assert f'resource_metadata="{target.url}/.well-known/oauth-protected-resource/mcp"' in challenge, challenge
        refused(target.send("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"MCP-Protocol-Version": MODERN}, None))

    table.attack("nobody", anonymous_call)

    # A flood of bad tokens.
    def flood():
        address, replies = target.address(), []
        done(target.send("GET", "/api/invoices", address=address))
        for round in range(120):
            replies.append(target.send("GET", "/api/invoices", None, {"Authorization": f"Bearer dk_{round}"}, None, address).status)
        assert 429 in replies and set(replies) <= {401, 429}, replies
        done(target.send("GET", "/api/invoices", address=address))
        done(target.send("GET", "/api/invoices", address=target.address()))

    table.attack("failed logins are limited, and lock nobody out who is signed in", flood)
