"""Authlib on Flask: checks PKCE where it is used, names itself in `iss`, and replaces every refresh token.

It prints its address, and serves until it is killed. Its person signs in and consents at once.
"""

import os

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from flask import Flask, request
from werkzeug.serving import WSGIRequestHandler, make_server

SCOPES = {"https://gateway.remote.com/company.manage"}


class Client(ClientMixin):
    client_id = os.environ["CLIENT_ID"]

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return " ".join(token for token in (scope or "").split() if token in SCOPES)

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == os.environ["REDIRECT_URI"]

    def check_client_secret(self, client_secret):
        return client_secret == os.environ["CLIENT_SECRET"]

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return True


class Code:
    def __init__(self, code, asked):
        self.code = code
        self.redirect_uri = asked.payload.redirect_uri
        self.scope = asked.payload.scope
        self.code_challenge = asked.payload.data.get("code_challenge")
        self.code_challenge_method = asked.payload.data.get("code_challenge_method")

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


class Token(TokenMixin):
    def __init__(self, answer):
        self.scope = answer.get("scope", "")

    def check_client(self, client):
        return True

    def get_scope(self):
        return self.scope


CLIENT = Client()
CODES = {}
REFRESH_TOKENS = {}


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def save_authorization_code(self, code, request):
        CODES[code] = Code(code, request)

    def query_authorization_code(self, code, client):
        return CODES.get(code)

    def delete_authorization_code(self, authorization_code):
        del CODES[authorization_code.code]

    def authenticate_user(self, authorization_code):
        return "admin"


class RefreshTokenGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        return REFRESH_TOKENS.get(refresh_token)

    def authenticate_user(self, refresh_token):
        return "admin"

    def revoke_old_credential(self, refresh_token):
        kept = {text: token for text, token in REFRESH_TOKENS.items() if token is not refresh_token}
        REFRESH_TOKENS.clear()
        REFRESH_TOKENS.update(kept)


class Issuer(IssuerParameter):
    def get_issuer(self):
        return request.host_url.rstrip("/")


def save_token(answer, _):
    if "refresh_token" in answer:
        REFRESH_TOKENS[answer["refresh_token"]] = Token(answer)


class Quiet(WSGIRequestHandler):
    def log(self, *_):
        """Says nothing of requests."""


app = Flask(__name__)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
authorization = AuthorizationServer(
    app,
    query_client=lambda client_id: CLIENT if client_id == CLIENT.client_id else None,
    save_token=save_token,
)
authorization.register_grant(grants.ClientCredentialsGrant)
authorization.register_grant(AuthorizationCodeGrant, [CodeChallenge()])
authorization.register_grant(RefreshTokenGrant)
authorization.register_extension(Issuer())


@app.get("/auth/oauth2/authorize")
def authorize():
    try:
        grant = authorization.get_consent_grant(end_user="admin")
    except OAuth2Error as error:
        return authorization.handle_error_response(request, error)
    return authorization.create_authorization_response(grant_user="admin", grant=grant)


@app.post("/auth/oauth2/token")
def token():
    return authorization.create_token_response()


server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
