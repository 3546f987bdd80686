"""Every flow by Authlib, with the consent given on the page as a company's admin gives it."""

import os
import re
import time

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import AssertionSession, OAuth2Session

GATEWAY = os.environ["GATEWAY"]
CLIENT = (os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
TOKEN_ENDPOINT = f"{GATEWAY}/auth/oauth2/token"
SCOPE = "https://gateway.remote.com/company.manage"


def consent(address):
    """Approves on the page, and returns where the browser is sent."""
    page = requests.get(address)
    page.raise_for_status()
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text).group(1)
    form = {"ticket": ticket, "decision": "approve"}
    answer = requests.post(f"{GATEWAY}/auth/oauth2/consent", data=form, allow_redirects=False)
    return answer.headers["location"]


partner = OAuth2Session(*CLIENT, token_endpoint_auth_method="client_secret_basic")
partner.fetch_token(TOKEN_ENDPOINT, grant_type="client_credentials")
partner.get(f"{GATEWAY}/v1/companies").raise_for_status()

company = OAuth2Session(
    *CLIENT,
    redirect_uri=os.environ["REDIRECT_URI"],
    scope=SCOPE,
    code_challenge_method="S256",
    token_endpoint_auth_method="client_secret_basic",
)
verifier = generate_token(64)
address, state = company.create_authorization_url(f"{GATEWAY}/auth/oauth2/authorize", code_verifier=verifier)
callback = consent(address)
token = company.fetch_token(TOKEN_ENDPOINT, authorization_response=callback, state=state, code_verifier=verifier)
assert token["company_id"] and token["user_id"], "a code names who consented"
refreshed = company.refresh_token(TOKEN_ENDPOINT, refresh_token=token["refresh_token"])
assert refreshed["access_token"] != token["access_token"], "a refresh gives another access token"
company.get(f"{GATEWAY}/v1/employments").raise_for_status()

now = int(time.time())
employee = AssertionSession(
    TOKEN_ENDPOINT,
    issuer=CLIENT[0],
    subject=os.environ["EMPLOYEE"],
    audience=f"{GATEWAY}/auth",
    issued_at=now,
    expires_at=now + 300,
    grant_type=AssertionSession.JWT_BEARER_GRANT_TYPE,
    claims={"scope": "timeoff:read"},
    header={"alg": "HS256"},
    key=CLIENT[1],
)
employee.get(f"{GATEWAY}/v1/employee/current").raise_for_status()
