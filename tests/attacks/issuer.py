"""Two OAuth issuers on loopback, with keys of their own, and whatever tokens an attacker can think of."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

SHA = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
LONG_ENOUGH = 3600


def b64(data):
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    """A private key, and how the issuer publishes it."""

    def __init__(self, kid, alg, private, **members):
        self.kid, self.alg, self.private, self.members = kid, alg, private, members

    def jwk(self):
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            numbers = public.public_numbers()
            jwk = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        elif isinstance(public, ec.EllipticCurvePublicKey):
            numbers = public.public_numbers()
            size = (public.curve.key_size + 7) // 8
            curve = {"secp256r1": "P-256", "secp384r1": "P-384"}[public.curve.name]
            jwk = {"kty": "EC", "crv": curve, "x": number(numbers.x, size), "y": number(numbers.y, size)}
        else:
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
        return jwk | {"kid": self.kid, "alg": self.alg, "use": "sig"} | self.members

    def pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def der(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, data, alg=None, der=False):
        alg = alg or self.alg
        if alg == "EdDSA":
            return self.private.sign(data)
        sha = SHA[alg[2:]]()
        if alg.startswith("RS"):
            return self.private.sign(data, padding.PKCS1v15(), sha)
        if alg.startswith("PS"):
            return self.private.sign(data, padding.PSS(padding.MGF1(sha), sha.digest_size), sha)
        signature = self.private.sign(data, ec.ECDSA(sha))
        if der:
            return signature
        size = (self.private.curve.key_size + 7) // 8
        r, s = utils.decode_dss_signature(signature)
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def a_rsa(kid, bits=2048, **members):
    return Key(kid, "RS256", rsa.generate_private_key(65537, bits), **members)


class Issuer:
    """`url`, its keys, and the attacker's keys that it does not know."""

    def __init__(self, url):
        self.url = url
        self.rsa = a_rsa("rsa-1")
        self.pss = Key("pss-1", "PS256", rsa.generate_private_key(65537, 2048))
        self.ec = Key("ec-1", "ES256", ec.generate_private_key(ec.SECP256R1()))
        self.ed = Key("ed-1", "EdDSA", ed25519.Ed25519PrivateKey.generate())
        self.encryption = a_rsa("enc-1", use="enc")
        self.short = a_rsa("short-1", 1024)
        self.shared = b"a secret that was published by mistake"
        self.audience = None

    def jwks(self):
        published = [key.jwk() for key in (self.rsa, self.pss, self.ec, self.ed, self.encryption, self.short)]
        published.append({"kty": "oct", "k": b64(self.shared), "kid": "oct-1", "alg": "HS256", "use": "sig"})
        return {"keys": published}

    def metadata(self):
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks.json",
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def claims(self, sub="ann", scope="invoices:read invoices:write", **changed):
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": sub, "aud": self.audience, "exp": now + LONG_ENOUGH, "iat": now,
            "jti": hashlib.sha256(repr((sub, scope, now, changed)).encode()).hexdigest()[:16],
            "client_id": "attacks", "scope": scope,
        }  # fmt: skip
        return {name: value for name, value in (claims | changed).items() if value is not MISSING}

    def token(self, sub="ann", scope="invoices:read invoices:write", *, key=None, header=None, raw=None,
              raw_header=None, sign=None, claims=None, **changed):  # fmt: skip
        """A good token, but for what the arguments change; `raw` is the payload's bytes, `sign` makes the signature."""
        key = key or self.ec
        head = {"typ": "at+jwt", "alg": key.alg, "kid": key.kid} | (header or {})
        head = {name: value for name, value in head.items() if value is not MISSING}
        payload = raw if raw is not None else json.dumps(claims or self.claims(sub, scope, **changed)).encode()
        head = raw_header if raw_header is not None else json.dumps(head).encode()
        signed = f"{b64(head)}.{b64(payload)}"
        signature = (sign or key.sign)(signed.encode())
        return f"{signed}.{signature if isinstance(signature, str) else b64(signature)}"


MISSING = object()


def hmac_with(secret, sha="sha256"):
    return lambda data: hmac.new(secret, data, sha).digest()


def serve(issuers, asked):
    """Serves metadata and keys of `issuers` (path → Issuer) until the process ends; every path that is asked for is noted."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            answer = None
            for prefix, issuer in issuers.items():
                if self.path == f"{prefix}/jwks.json":
                    answer = issuer.jwks()
                known = ("oauth-authorization-server", "openid-configuration")
                if self.path in [f"/.well-known/{name}{prefix}" for name in known] + [
                    f"{prefix}/.well-known/openid-configuration"
                ]:
                    answer = issuer.metadata()
            body = json.dumps(answer).encode()
            self.send_response(200 if answer else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
